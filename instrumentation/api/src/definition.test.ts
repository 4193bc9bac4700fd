/**
 * Goal: the roads of a workflow are recorded once per version and named by every run.
 * Method: a real SDK, spans kept in memory; digests by an independent hash of the recorded text.
 */
import { createHash } from "node:crypto";
import { trace } from "@opentelemetry/api";
import { WORKFLOW } from "@spanledger/schema";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { canonicalDefinition, recordDefinition } from "./definition.ts";
import { step, type WorkflowDefinition, workflow } from "./index.ts";
import { type Recording, record, unregister } from "./spans.test.support.ts";

const REFUND = {
  nodes: { begin: "START", classify: "AI", refund: "ACTION", reject: "ACTION", end: "END" },
  edges: [
    { from: "begin", to: "classify" },
    { from: "classify", to: "refund", condition: "score >= 0.8" },
    { from: "classify", to: "reject", default: true },
    { from: "refund", to: "end" },
    { from: "reject", to: "end" },
  ],
} as const satisfies WorkflowDefinition;

let recording: Recording;
/** Another workflow for each test: what a process has recorded it does not record again. */
let id: string;
let count = 0;
beforeEach(() => {
  recording = record();
  count += 1;
  id = `refund_${count}`;
});
afterEach(unregister);

const tracer = () => trace.getTracer("test");
const defined = () => recording.spans().filter((span) => span.name.startsWith("define_workflow"));

describe("workflow({ definition })", () => {
  test("records the definition in a trace of its own, and the run names its digest", () => {
    const options = { id, name: "Refund", version: "3", workspace: "emea", definition: REFUND };
    workflow(options, () => step("classify", () => 1));
    const span = recording.one("define_workflow Refund");
    const text = String(span.attributes[WORKFLOW.definition]);
    const sha256 = createHash("sha256").update(text).digest("hex");
    expect(span.attributes).toEqual({
      [WORKFLOW.id]: id,
      [WORKFLOW.version]: "3",
      [WORKFLOW.workspaceId]: "emea",
      [WORKFLOW.definition]: text,
      [WORKFLOW.definitionSha256]: sha256,
    });
    expect(span.parentSpanContext).toBeUndefined();
    const run = recording.one("invoke_workflow Refund");
    expect(run.attributes[WORKFLOW.definitionSha256]).toBe(sha256);
    expect(run.spanContext().traceId).not.toBe(span.spanContext().traceId);
  });

  test("writes nodes and edges in canonical form", () => {
    expect(canonicalDefinition(REFUND)).toBe(
      '{"edges":[{"condition":"score >= 0.8","from":"classify","to":"refund"},' +
        '{"default":true,"from":"classify","to":"reject"},{"from":"begin","to":"classify"},' +
        '{"from":"refund","to":"end"},{"from":"reject","to":"end"}],' +
        '"nodes":[{"id":"begin","type":"START"},{"id":"classify","type":"AI"},' +
        '{"id":"end","type":"END"},{"id":"refund","type":"ACTION"},{"id":"reject","type":"ACTION"}]}',
    );
  });

  test("is the same in any order, and with an edge said twice", () => {
    const nodes = Object.fromEntries(Object.entries(REFUND.nodes).toReversed());
    const edges = [...REFUND.edges, ...REFUND.edges].toReversed();
    expect(canonicalDefinition({ nodes, edges })).toBe(canonicalDefinition(REFUND));
  });

  test.each([
    ["another type of a node", { ...REFUND, nodes: { ...REFUND.nodes, reject: "DECISION" } }],
    ["another condition", { ...REFUND, edges: [{ ...REFUND.edges[1], condition: "always" }] }],
    ["no default", { ...REFUND, edges: [{ ...REFUND.edges[2], default: false }] }],
    ["an edge less", { ...REFUND, edges: REFUND.edges.slice(1) }],
  ] as const satisfies readonly (readonly [string, WorkflowDefinition])[])(
    "has another text for %s",
    (_, changed) => {
      expect(canonicalDefinition(changed)).not.toBe(canonicalDefinition(REFUND));
    },
  );

  test("is recorded once, again for a new version, and again for new roads", () => {
    const say = (version: string, definition: WorkflowDefinition) =>
      workflow({ id, name: "Refund", version, definition }, () => 1);
    say("1", REFUND);
    say("1", { ...REFUND });
    expect(defined()).toHaveLength(1);
    say("2", REFUND);
    expect(defined()).toHaveLength(2);
    say("2", { ...REFUND, edges: REFUND.edges.slice(1) });
    const digests = defined().map((span) => span.attributes[WORKFLOW.definitionSha256]);
    expect(digests).toHaveLength(3);
    expect(new Set(digests).size).toBe(2);
  });

  test("is recorded by the first process that has an SDK: nothing is remembered without one", () => {
    unregister();
    workflow({ id, name: "Refund", definition: REFUND }, () => 1);
    recording = record();
    workflow({ id, name: "Refund", definition: REFUND }, () => 1);
    expect(defined()).toHaveLength(1);
  });

  test("counts as the application said it, before the graph of an engine", () => {
    const other = { nodes: { a: "START" }, edges: [] } as const;
    const sha256 = recordDefinition(tracer(), { id: `${id}_app`, name: "x" }, REFUND);
    workflow({ id, name: "Refund", definition: REFUND }, (run) => {
      (run as unknown as { define(...args: unknown[]): void }).define(tracer(), other);
    });
    const run = recording.one("invoke_workflow Refund");
    expect(run.attributes[WORKFLOW.definitionSha256]).toBe(sha256);
  });

  test("names a node that is none of its nodes only against the compiler", () => {
    const edges = [{ from: "a", to: "nowhere" }] as const;
    // @ts-expect-error "nowhere" is no node
    const wrong: WorkflowDefinition<"a"> = { nodes: { a: "AI" }, edges };
    workflow(
      // @ts-expect-error "b" is no node
      { id, name: "Refund", definition: { nodes: { a: "AI" }, edges: [{ from: "a", to: "b" }] } },
      () => 1,
    );
    // @ts-expect-error PERSON is no type of a node
    const alien: WorkflowDefinition = { nodes: { a: "PERSON" }, edges: [] };
    expect(canonicalDefinition(wrong)).toContain("nowhere");
    expect(canonicalDefinition(alien)).toContain("PERSON");
  });
});

describe("a hostile definition", () => {
  const throwing = {
    get nodes(): never {
      throw new Error("no");
    },
    edges: [],
  };
  test.each([
    ["a getter that throws", throwing],
    ["no nodes", {}],
    ["BigInt", { nodes: { a: 1n }, edges: [] }],
    ["half of a surrogate pair", { nodes: { "\ud800": "AI" }, edges: [] }],
    ["null", null],
  ])("with %s leaves the run as it is", (_, definition) => {
    const options = { id, name: "Refund", definition: definition as unknown as WorkflowDefinition };
    expect(workflow(options, () => "done")).toBe("done");
    expect(defined()).toEqual([]);
    const { attributes } = recording.one("invoke_workflow Refund");
    expect(attributes[WORKFLOW.runResult]).toBe("success");
    expect(attributes).not.toHaveProperty([WORKFLOW.definitionSha256]);
  });

  test("that is huge is named by its digest alone", () => {
    const nodes = Object.fromEntries(
      Array.from(
        { length: 20_000 },
        (_, index) => [`node_${index}_${"x".repeat(20)}`, "AI"] as const,
      ),
    );
    workflow({ id, name: "Refund", definition: { nodes, edges: [] } }, () => 1);
    const [span] = defined();
    expect(span?.attributes[WORKFLOW.definitionSha256]).toMatch(/^[0-9a-f]{64}$/);
    expect(span?.attributes).not.toHaveProperty([WORKFLOW.definition]);
  });
});
