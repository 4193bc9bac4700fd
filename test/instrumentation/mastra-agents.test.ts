/**
 * Goal: what Mastra's agents ask of models and tools is recorded, below the step that they work for,
 * and Mastra's own workflows inside of an agent are not. Method: the real library in this process
 * with models of the AI SDK's test kit.
 */
import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { createStep } from "@mastra/core/workflows";
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { MockLanguageModelV3 } from "ai-6/test";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { answering, CALLS_TOOL, readAll, SAYS_HELLO, streaming } from "./ai-models.ts";
import { flow, named, recording, start } from "./mastra-workflows.ts";
import { tree } from "./spans.ts";

beforeEach(() => recording.reset());

const USAGE = {
  inputTokens: { total: 12, noCache: 8, cacheRead: 4, cacheWrite: undefined },
  outputTokens: { total: 3, text: 3, reasoning: undefined },
};
const ASKS_FOR_TOOL = [
  { type: "stream-start", warnings: [] },
  { type: "tool-call", toolCallId: "call_1", toolName: "lookup", input: '{"id":7}' },
  { type: "finish", finishReason: { unified: "tool-calls" }, usage: USAGE },
];

/** Asks for the tool first, then says Hello. */
function model(): MockLanguageModelV3 {
  const hello = streaming();
  let asked = false;
  return new MockLanguageModelV3({
    provider: "openai.chat",
    modelId: "gpt-x",
    doGenerate: answering(CALLS_TOOL, SAYS_HELLO),
    doStream: async () => {
      trace.getTracer("http").startSpan("POST").end();
      if (asked) return hello();
      asked = true;
      return { stream: ReadableStream.from(ASKS_FOR_TOOL) } as never;
    },
  });
}

const lookup = createTool({
  id: "lookup",
  description: "Look an order up",
  inputSchema: z.object({ id: z.number() }),
  execute: async ({ id }) => {
    trace.getTracer("db").startSpan("SELECT").end();
    return { order: id };
  },
});

const agent = (languageModel: MockLanguageModelV3, tools: object = { lookup }): Agent =>
  new Agent({
    id: "helper",
    name: "helper",
    instructions: "Be brief",
    model: languageModel,
    tools: tools as { lookup: typeof lookup },
  });

const CALLS = ["chat gpt-x", "  POST", "execute_tool lookup", "  SELECT", "chat gpt-x", "  POST"];

describe("an agent", () => {
  test("as a step of a workflow has its calls and tools below that step, and no more", async () => {
    const asked = flow("asked")
      .then(createStep(agent(model())))
      .commit();
    const result = await start(asked, { prompt: "Where is order 7?" });
    expect(result).toMatchObject({ status: "success", result: { text: "Hello" } });
    const lines = tree(recording.spans()).filter((line) => !line.startsWith("define_workflow"));
    expect(lines).toEqual([
      "invoke_workflow asked",
      "  run_step helper",
      ...CALLS.map((line) => `    ${line}`),
    ]);
    expect(named("run_step helper").attributes[WORKFLOW.stepType]).toBe("ai");
  });

  test("says what it asked, what came back and what it cost", async () => {
    await agent(model()).generate("Where is order 7?");
    const [first, second] = recording.named("chat gpt-x");
    expect(first?.kind).toBe(SpanKind.CLIENT);
    expect(first?.attributes).toMatchObject({
      [OTEL.genAiProviderName]: "openai",
      [OTEL.genAiRequestModel]: "gpt-x",
      [OTEL.genAiUsageInputTokens]: 12,
      [OTEL.genAiUsageOutputTokens]: 3,
      [OTEL.genAiUsageCacheReadInputTokens]: 4,
      [OTEL.genAiResponseFinishReasons]: ["tool_call"],
    });
    expect(first?.attributes[OTEL.genAiInputMessages]).toContain("Where is order 7?");
    expect(JSON.parse(String(second?.attributes[OTEL.genAiOutputMessages]))).toEqual([
      { role: "assistant", parts: [{ type: "text", content: "Hello" }], finish_reason: "stop" },
    ]);
    expect(named("execute_tool lookup").attributes).toMatchObject({
      [OTEL.genAiToolCallId]: "call_1",
      [OTEL.genAiToolCallArguments]: '{"id":7}',
      [OTEL.genAiToolCallResult]: '{"order":7}',
    });
  });

  test("streams what its model says", async () => {
    const stream = await agent(model()).stream("Where is order 7?");
    expect((await readAll(stream.textStream)).join("")).toBe("Hello");
    expect(tree(recording.spans()).slice(0, CALLS.length)).toEqual(CALLS);
  });

  test("whose model fails gets its error, and so does the span", async () => {
    const error = new RangeError("no such model");
    const doGenerate = vi.fn(() => Promise.reject(error));
    const broken = new MockLanguageModelV3({ provider: "openai", modelId: "gpt-x", doGenerate });
    const helper = new Agent({
      id: "helper",
      name: "helper",
      instructions: "Be brief",
      model: broken,
      maxRetries: 0,
    });
    await expect(helper.generate("Hi")).rejects.toThrow("no such model");
    expect(recording.named("chat gpt-x")).toHaveLength(doGenerate.mock.calls.length);
    expect(recording.named("chat gpt-x")[0]).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: "no such model" },
      attributes: { [OTEL.errorType]: "RangeError" },
    });
  });

  test("whose tool throws goes on, and the tool's span fails", async () => {
    const failing = createTool({
      id: "lookup",
      description: "Look an order up",
      inputSchema: z.object({ id: z.number() }),
      execute: async (): Promise<object> => {
        throw new RangeError("no order");
      },
    });
    const { text } = await agent(model(), { lookup: failing }).generate("Where is order 7?");
    expect(text).toBe("Hello");
    expect(named("execute_tool lookup").status.code).toBe(SpanStatusCode.ERROR);
  });
});
