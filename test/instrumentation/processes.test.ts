/**
 * Goal: the one import works however it comes into a process, and a run that is resumed in another
 * process yields exactly the tree of the semantic conventions. Method: the same application as ES
 * module and as CommonJS, real child processes, the SDK's own exporter, a receiver in this process.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { APPROVAL_REQUESTED_EVENT, OTEL, SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChildOptions, type Ended, runApp } from "./child.ts";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import {
  type OtlpServer,
  type ReceivedSpan,
  receivedTree,
  startOtlpServer,
} from "./otlp-server.ts";

let openai: OpenAIServer;
let otlp: OtlpServer;
let folder: string;

beforeAll(async () => {
  openai = await startOpenAIServer();
  otlp = await startOtlpServer();
  folder = mkdtempSync(join(tmpdir(), "spanledger-"));
});
afterAll(async () => {
  await openai.close();
  await otlp.close();
  rmSync(folder, { recursive: true });
});

const FACTS = {
  SPANLEDGER_WORKFLOW_ID: "refund",
  SPANLEDGER_WORKFLOW_NAME: "refund_flow",
  SPANLEDGER_WORKFLOW_VERSION: "7",
  SPANLEDGER_TRIGGER_TYPE: "webhook",
  SPANLEDGER_ACTOR_ID: "svc-shop",
  SPANLEDGER_ACTOR_TYPE: "service",
  SPANLEDGER_AUTHORIZATION: "role:support",
};

function part(app: string, name: "start" | "resume", options: ChildOptions = {}): Promise<Ended> {
  return runApp(app, [name, join(folder, `${app}.json`), openai.baseUrl], {
    ...options,
    environment: {
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint,
      ...FACTS,
      ...options.environment,
    },
  });
}

const TRACE_A = [
  "invoke_workflow refund_flow",
  "  run_step classify",
  "    chat gpt-x",
  "  evaluate_branch routeByScore",
  "  run_step lookup",
  "  run_step lookup",
  "    execute_tool get_order",
  "  run_step approve",
];
const TRACE_B = [
  "invoke_workflow refund_flow",
  "  run_step approve",
  "    resolve_approval approve",
  "  evaluate_branch approve",
  "  run_step refund",
  "    execute_tool issue_refund",
];

const ASKED = '{"log":"get_order 7","questions":["Refund order 7?"]}\n';
const REFUNDED = '{"log":"issue_refund 7","questions":[]}\n';
const REGISTER = "@spanledger/register";

describe.each([
  { way: "import first", app: "esm-import.mjs", flags: [] },
  { way: "import, libraries imported dynamically", app: "esm-dynamic.mjs", flags: [] },
  { way: "node --import", app: "esm-plain.mjs", flags: ["--import", REGISTER] },
  { way: "require first", app: "cjs-require.cjs", flags: [] },
  { way: "node --require", app: "cjs-plain.cjs", flags: ["--require", REGISTER] },
  { way: "node --import, CommonJS", app: "cjs-plain.cjs", flags: ["--import", REGISTER] },
  { way: "the newest LangGraph, imported", app: "esm-newest.mjs", flags: [] },
  { way: "the newest LangGraph, required", app: "cjs-newest.cjs", flags: [] },
])("$way ($app)", ({ app, flags }) => {
  test("yields both traces of a run that another process resumes", async () => {
    rmSync(join(folder, `${app}.json`), { force: true });
    const first = await part(app, "start", { flags });
    expect(first).toMatchObject({ code: 0, stdout: ASKED });
    const traceA = runSpans();
    expect(receivedTree(traceA)).toEqual(TRACE_A);

    const second = await part(app, "resume", { flags });
    expect(second).toMatchObject({ code: 0, stdout: REFUNDED });
    const traceB = runSpans();
    expect(receivedTree(traceB)).toEqual(TRACE_B);
    expectContinues(traceA, traceB);

    expect(first.stderr).toMatch(/spanledger: openai 7\.\S+: patched/);
    expect(first.stderr).toMatch(/spanledger: @langchain\/langgraph 1\.\S+: patched/);
    expect(first.stderr).toMatch(/spanledger: @langchain\/core 1\.\S+: patched/);
  });
});

/** The spans of the run; a definition belongs to no run. */
function runSpans(): readonly ReceivedSpan[] {
  return definitionFirst(otlp.take()).slice(1);
}

function definitionFirst(spans: readonly ReceivedSpan[]): readonly ReceivedSpan[] {
  const isDefinition = (span: ReceivedSpan): boolean => span.name.startsWith(SPAN_NAME.definition);
  expect(spans.filter(isDefinition)).toHaveLength(1);
  return [...spans.filter(isDefinition), ...spans.filter((span) => !isDefinition(span))];
}

function expectContinues(traceA: readonly ReceivedSpan[], traceB: readonly ReceivedSpan[]): void {
  const [rootA, rootB] = [traceA, traceB].map((trace) =>
    trace.find((span) => span.name === "invoke_workflow refund_flow"),
  );
  expect(rootB?.traceId).not.toBe(rootA?.traceId);
  expect(rootB?.links).toEqual([
    expect.objectContaining({ traceId: rootA?.traceId, spanId: rootA?.spanId }),
  ]);
  const runIds = [...traceA, ...traceB].map((span) => span.attributes[WORKFLOW.runId]);
  expect(new Set(runIds)).toEqual(new Set([rootA?.attributes[WORKFLOW.runId]]));
}

describe("the attributes of the two traces", () => {
  let traceA: readonly ReceivedSpan[];
  let traceB: readonly ReceivedSpan[];
  let definition: ReceivedSpan | undefined;
  let sameDefinition: ReceivedSpan | undefined;
  beforeAll(async () => {
    rmSync(join(folder, "esm-import.mjs.json"), { force: true });
    await part("esm-import.mjs", "start");
    [definition, ...traceA] = definitionFirst(otlp.take());
    await part("esm-import.mjs", "resume");
    [sameDefinition, ...traceB] = definitionFirst(otlp.take());
  });
  const all = (trace: readonly ReceivedSpan[], name: string): readonly ReceivedSpan[] =>
    trace.filter((span) => span.name === name).toSorted((a, b) => (a.startNs < b.startNs ? -1 : 1));

  test("say of the run who, what, why and how it ended", () => {
    const [a] = all(traceA, "invoke_workflow refund_flow");
    const [b] = all(traceB, "invoke_workflow refund_flow");
    expect(a).toMatchObject({ kind: 1, statusCode: 0 });
    expect(a?.attributes).toMatchObject({
      [OTEL.genAiOperationName]: "invoke_workflow",
      [OTEL.genAiWorkflowName]: "refund_flow",
      [OTEL.genAiConversationId]: "thread-7",
      [WORKFLOW.id]: "refund",
      [WORKFLOW.version]: "7",
      [WORKFLOW.runResult]: "paused",
      [WORKFLOW.triggerType]: "webhook",
      [WORKFLOW.actorId]: "svc-shop",
      [WORKFLOW.actorType]: "service",
      [WORKFLOW.authorization]: "role:support",
      [WORKFLOW.engine]: "langgraph",
    });
    expect(a?.attributes[WORKFLOW.runId]).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(b).toMatchObject({ statusCode: 0, attributes: { [WORKFLOW.runResult]: "success" } });
    for (const span of [...traceA, ...traceB]) {
      expect(span.attributes).toMatchObject({
        [WORKFLOW.id]: "refund",
        [WORKFLOW.actorId]: "svc-shop",
        [WORKFLOW.requestId]: a?.attributes[WORKFLOW.requestId],
      });
    }
  });

  test("name the one definition that both processes record by themselves", () => {
    const digest = definition?.attributes[WORKFLOW.definitionSha256];
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(sameDefinition?.attributes).toEqual(definition?.attributes);
    for (const root of [traceA, traceB].flatMap((trace) =>
      all(trace, "invoke_workflow refund_flow"),
    )) {
      expect(root.attributes[WORKFLOW.definitionSha256]).toBe(digest);
    }
    expect(definition).toMatchObject({
      name: "define_workflow refund_flow",
      parentSpanId: undefined,
      attributes: { [WORKFLOW.id]: "refund", [WORKFLOW.version]: "7" },
    });
    const text = String(definition?.attributes[WORKFLOW.definition]);
    expect(createHash("sha256").update(text).digest("hex")).toBe(digest);
    expect(JSON.parse(text)).toEqual({
      nodes: [
        { id: "__end__", type: "END" },
        { id: "__start__", type: "START" },
        { id: "approve", type: "DECISION" },
        { id: "classify", type: "ACTION" },
        { id: "lookup", type: "ACTION" },
        { id: "refund", type: "ACTION" },
        { id: "reject", type: "ACTION" },
      ],
      edges: [
        { condition: "high", from: "classify", to: "lookup" },
        { condition: "low", from: "classify", to: "reject" },
        { condition: "refund", from: "approve", to: "refund" },
        { condition: "reject", from: "approve", to: "reject" },
        { from: "__start__", to: "classify" },
        { from: "lookup", to: "approve" },
        { from: "refund", to: "__end__" },
        { from: "reject", to: "__end__" },
      ],
    });
  });

  test("say of each step its type, attempt, result, input and output", () => {
    const [classify] = all(traceA, "run_step classify");
    expect(classify?.attributes).toMatchObject({
      [WORKFLOW.stepId]: "classify",
      [WORKFLOW.stepName]: "classify",
      [WORKFLOW.stepType]: "ai",
      [WORKFLOW.stepIndex]: 1,
      [WORKFLOW.stepAttempt]: 1,
      [WORKFLOW.stepResult]: "success",
      [WORKFLOW.stepInput]: '{"label":"none"}',
      [WORKFLOW.stepOutput]: '{"label":"high"}',
    });
    const [failed, repeated] = all(traceA, "run_step lookup");
    expect(failed).toMatchObject({ statusCode: 2 });
    expect(failed?.events.map((event) => event.name)).toEqual(["exception"]);
    expect(failed?.attributes).toMatchObject({
      [OTEL.errorType]: "RangeError",
      [WORKFLOW.stepAttempt]: 1,
      [WORKFLOW.stepResult]: "retried",
    });
    expect(repeated).toMatchObject({ statusCode: 0 });
    expect(repeated?.attributes).toMatchObject({
      [WORKFLOW.stepAttempt]: 2,
      [WORKFLOW.stepType]: "action",
      [WORKFLOW.stepResult]: "success",
    });
  });

  test("say of each branch its options, what was selected and what was skipped", () => {
    const [route] = all(traceA, "evaluate_branch routeByScore");
    expect(route?.attributes).toMatchObject({
      [WORKFLOW.decisionId]: "classify.routeByScore",
      [WORKFLOW.decisionName]: "routeByScore",
      [WORKFLOW.decisionType]: "conditional_edge",
      [WORKFLOW.decisionSourceStep]: "classify",
      [WORKFLOW.decisionOptions]: ["lookup", "reject"],
      [WORKFLOW.decisionSelected]: ["lookup"],
      [WORKFLOW.decisionSkipped]: ["reject"],
      [WORKFLOW.decisionCondition]: "high",
    });
    const [goto] = all(traceB, "evaluate_branch approve");
    expect(goto?.attributes).toMatchObject({
      [WORKFLOW.decisionType]: "command_goto",
      [WORKFLOW.decisionOptions]: ["refund", "reject"],
      [WORKFLOW.decisionSelected]: ["refund"],
      [WORKFLOW.decisionSkipped]: ["reject"],
    });
  });

  test("say of the pause that it waits, and of the answer whose it was", () => {
    const [asked] = all(traceA, "run_step approve");
    expect(asked).toMatchObject({ statusCode: 0 });
    expect(asked?.attributes).toMatchObject({
      [WORKFLOW.stepType]: "approval",
      [WORKFLOW.stepResult]: "paused",
    });
    const [event] = asked?.events ?? [];
    expect(event?.name).toBe(APPROVAL_REQUESTED_EVENT);
    const [answer] = all(traceB, "resolve_approval approve");
    expect(answer?.attributes).toMatchObject({
      [WORKFLOW.approvalId]: event?.attributes[WORKFLOW.approvalId],
      [WORKFLOW.approvalOutcome]: "approved",
      [WORKFLOW.approvalComment]: "within policy",
      [OTEL.userId]: "dana",
    });
    expect(answer?.attributes[WORKFLOW.approvalRequestedAt]).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(answer?.attributes[WORKFLOW.approvalWaitMs]).toBeGreaterThan(0);
  });

  test("say of the AI call and of the tools what went in and out", () => {
    const [call] = all(traceA, "chat gpt-x");
    expect(call).toMatchObject({
      kind: 3,
      attributes: {
        [OTEL.genAiUsageInputTokens]: 12,
        [OTEL.genAiResponseFinishReasons]: ["stop"],
      },
    });
    const [tool] = all(traceB, "execute_tool issue_refund");
    expect(tool?.attributes).toMatchObject({
      [OTEL.genAiToolName]: "issue_refund",
      [OTEL.genAiToolType]: "function",
      [OTEL.genAiToolCallArguments]: '{"id":"7"}',
      [OTEL.genAiToolCallResult]: '"issue_refund 7"',
    });
  });
});
