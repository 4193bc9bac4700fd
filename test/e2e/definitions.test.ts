/**
 * Goal: the roads of a workflow are answered from the record, as the application said them: short and
 * long, with personal data in a condition, and through a change.
 * Method: the API of the application with OpenTelemetry's exporter, a server process, the command line
 * against its API.
 */
import { createHash } from "node:crypto";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { RunSpanProcessor, type WorkflowDefinition, workflow } from "@spanledger/api";
import { canonicalDefinition } from "@spanledger/api/internal";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "../../receiver/src/cli/program.ts";
import { type ServerProcess, startServerProcess } from "../fixtures/server.ts";

const FIRST = {
  nodes: { begin: "START", classify: "AI", refund: "ACTION", end: "END" },
  edges: [
    { from: "begin", to: "classify" },
    { from: "classify", to: "refund", condition: "score >= 0.8" },
    { from: "classify", to: "end", default: true },
    { from: "refund", to: "end" },
  ],
} as const satisfies WorkflowDefinition;

const SECOND: WorkflowDefinition = {
  nodes: { ...FIRST.nodes, approve: "APPROVAL" },
  edges: [
    ...FIRST.edges.filter(({ to }) => to !== "refund"),
    { from: "classify", to: "approve", condition: "score >= 0.8" },
    { from: "approve", to: "refund" },
  ],
};

/** Longer than what a span keeps of an attribute (16 KiB), so that it goes to the payloads. */
const LONG: WorkflowDefinition = {
  nodes: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`node_${i}`, "AI"] as const)),
  edges: Array.from({ length: 499 }, (_, i) => ({ from: `node_${i}`, to: `node_${i + 1}` })),
};

const PERSONAL: WorkflowDefinition = {
  nodes: { a: "START", b: "END" },
  edges: [{ from: "a", to: "b", condition: "user = ada.lovelace@example.com" }],
};

let server: ServerProcess;

beforeAll(async () => {
  server = await startServerProcess();
  const run = (id: string, version: string, definition: WorkflowDefinition): void =>
    workflow({ id, name: id, version, definition }, () => undefined);
  const exporter = new OTLPTraceExporter({ url: `${server.otlpHttpUrl}/v1/traces` });
  const spanProcessors = [new RunSpanProcessor(), new BatchSpanProcessor({ exporter })];
  const provider = new TracerProvider({ spanProcessors });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  run("refund", "1", FIRST);
  run("refund", "1", FIRST);
  run("refund", "2", SECOND);
  run("long", "1", LONG);
  run("personal", "1", PERSONAL);
  await provider.shutdown();
  await server.flush();
});
afterAll(() => server.remove());

async function definition(...args: readonly string[]) {
  let out = "";
  let err = "";
  const code = await runCli(["definition", ...args, "--url", server.apiUrl], {
    serve: async () => 0,
    version: "0",
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: {},
    fetch,
  });
  return { code, out, err };
}

async function rows(workflowId: string): Promise<readonly Record<string, unknown>[]> {
  const { out } = await definition(workflowId, "--format", "json");
  return JSON.parse(out) as Record<string, unknown>[];
}

const digest = (of: WorkflowDefinition): string =>
  createHash("sha256").update(canonicalDefinition(of)).digest("hex");

test("each version has one definition, with the runs that followed it", async () => {
  const found = await rows("refund");
  expect(
    found.map(({ Sha256, Versions, Runs, Intact }) => [Sha256, Versions, Runs, Intact]),
  ).toEqual([
    [digest(SECOND), ["2"], 1, true],
    [digest(FIRST), ["1"], 2, true],
  ]);
});

test("the change between two versions is shown", async () => {
  const { code, out } = await definition("refund", "--diff", "1", "2");
  expect(code).toBe(0);
  expect(out.trimEnd().split("\n").slice(3)).toEqual([
    "+ node approve  APPROVAL",
    "+ edge approve → refund  always",
    "+ edge classify → approve  score >= 0.8",
    "- edge classify → refund  score >= 0.8",
  ]);
});

test("a definition longer than an attribute of a span is kept whole", async () => {
  expect(canonicalDefinition(LONG).length).toBeGreaterThan(16_384);
  const [found] = await rows("long");
  expect(found).toMatchObject({ Intact: true, Definition: canonicalDefinition(LONG) });
});

test("personal data in a condition is redacted, and the record says that the text is another", async () => {
  const [found] = await rows("personal");
  expect(found).toMatchObject({ Sha256: digest(PERSONAL), Intact: false });
  expect(found?.Definition).toMatch(/user = \[email:[a-z0-9]+\]/);
});
