/**
 * Goal: the one import is enough for the AI SDK and for Mastra, as ES modules and as CommonJS, and
 * the application's output is the same without it. Method: real processes, the SDK's own exporter, a
 * local stand-in for the model provider.
 */
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, runApp } from "./child.ts";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { type OtlpServer, receivedTree, startOtlpServer } from "./otlp-server.ts";

const REGISTER = ["--import", "@spanledger/register"];

let otlp: OtlpServer;
let openai: OpenAIServer;

beforeAll(async () => {
  [otlp, openai] = await Promise.all([startOtlpServer(), startOpenAIServer()]);
});
afterAll(() => Promise.all([otlp.close(), openai.close()]));

function run(app: string, flags: readonly string[] = []): Promise<Ended> {
  return runApp(app, [], {
    flags,
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OPENAI_BASE_URL: openai.baseUrl,
    },
  });
}

describe.each([
  ["as ES modules", "ai-sdk-esm.mjs"],
  ["as CommonJS", "ai-sdk-cjs.cjs"],
])("the AI SDK %s", (_, app) => {
  test("is recorded through the one import", async () => {
    const ended = await run(app);
    expect(ended).toMatchObject({ code: 0, stdout: "Hello\n" });
    expect(ended.stderr).toMatch(/spanledger: ai 7\.\S+: patched/);
    const spans = otlp.take();
    expect(receivedTree(spans)).toEqual([
      "invoke_workflow ask",
      "  run_step answer",
      "    chat gpt-x",
    ]);
    const call = spans.find(({ name }) => name === "chat gpt-x");
    expect(call?.attributes).toMatchObject({
      [OTEL.genAiProviderName]: "openai",
      [OTEL.genAiResponseModel]: "gpt-x-2026",
      [OTEL.genAiResponseFinishReasons]: ["stop"],
      [OTEL.serverAddress]: "127.0.0.1",
      [OTEL.serverPort]: openai.port,
    });
  });
});

test("calls whose end nobody tells of are recorded when the process ends", async () => {
  const ended = await run("ai-sdk-unfinished.mjs");
  expect(ended).toMatchObject({ code: 0, stdout: "no such model\n" });
  const calls = otlp.take().map(({ name, statusCode }) => [name, statusCode]);
  expect(calls.toSorted()).toEqual([
    ["chat gpt-6", 2],
    ["chat gpt-x", 0],
  ]);
});

const RUN = [
  "invoke_workflow triage",
  "  run_step classify",
  "  evaluate_branch classify.branch",
  "  run_step accept",
];

describe.each([
  ["as ES modules", "mastra-esm.mjs", []],
  ["as ES modules, preloaded", "mastra-plain.mjs", REGISTER],
  ["as CommonJS", "mastra-cjs.cjs", []],
])("Mastra %s", (_, app, flags) => {
  test("is recorded through the one import", async () => {
    const ended = await run(app, flags);
    expect(ended).toMatchObject({ code: 0, stdout: 'success {"accept":{"score":0.9}}\n' });
    expect(ended.stderr).toMatch(/spanledger: @mastra\/core 1\.\S+: patched/);
    const spans = otlp.take();
    const lines = receivedTree(spans);
    expect(lines.filter((line) => !line.startsWith("define_workflow"))).toEqual(RUN);
    const root = spans.find(({ name }) => name === RUN[0]);
    expect(root?.attributes).toMatchObject({
      [WORKFLOW.engine]: "mastra",
      [WORKFLOW.runResult]: "success",
    });
  });
});

test("Mastra alone says the same", async () => {
  const ended = await run("mastra-plain.mjs");
  expect(ended).toMatchObject({
    code: 0,
    stdout: 'success {"accept":{"score":0.9}}\n',
    stderr: "",
  });
  expect(otlp.take()).toEqual([]);
});
