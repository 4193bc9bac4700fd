/**
 * Goal: calls through the AI SDK are recorded as the GenAI conventions say, and the application does
 * not notice. Method: the real package, version 7, with the models of its own test kit.
 */
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { step, workflow } from "@spanledger/api";
import { AiSdkInstrumentation } from "@spanledger/instrumentation-ai-sdk";
import { APPROVAL_REQUESTED_EVENT, OTEL, WORKFLOW } from "@spanledger/schema";
import {
  APICallError,
  embed,
  generateText,
  isStepCount,
  type ModelMessage,
  Output,
  streamText,
  tool,
} from "ai";
import { MockEmbeddingModelV4, MockLanguageModelV4 } from "ai/test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { type Answer, answering, CALLS_TOOL, readAll, SAYS_HELLO, streaming } from "./ai-models.ts";
import { record, tree } from "./spans.ts";

const recording = record();
const instrumentation = new AiSdkInstrumentation();

beforeEach(() => recording.reset());
afterEach(() => instrumentation.enable());

const NAMES = { provider: "openai.chat", modelId: "gpt-x" };
const RUN = { id: "w", name: "w" };

const model = (...answers: readonly Answer[]): MockLanguageModelV4 =>
  new MockLanguageModelV4({ ...NAMES, doGenerate: answering(...answers) });

const streamed = (...inside: readonly unknown[]): MockLanguageModelV4 =>
  new MockLanguageModelV4({ ...NAMES, doStream: streaming(...inside) });

const lookup = tool({
  description: "Look an order up",
  inputSchema: z.object({ id: z.number() }),
  execute: async ({ id }) => {
    trace.getTracer("db").startSpan("SELECT").end();
    return `order ${id}`;
  },
});

function named(name: string): ReadableSpan {
  const [span, ...more] = recording.named(name);
  if (span === undefined || more.length > 0) throw new Error(`not one span ${name}`);
  return span;
}

function json(span: ReadableSpan, name: string): unknown {
  return JSON.parse(String(span.attributes[name]));
}

describe("generateText()", () => {
  test("is one client span per call to the model, beside its tools, below the step", async () => {
    const result = await workflow(RUN, () =>
      step("answer", () =>
        generateText({
          model: model(CALLS_TOOL, SAYS_HELLO),
          instructions: "Be brief",
          prompt: "Where is order 7?",
          temperature: 0.2,
          maxOutputTokens: 50,
          tools: { lookup },
          stopWhen: isStepCount(3),
        }),
      ),
    );
    expect(result.text).toBe("Hello");
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow w",
      "  run_step answer",
      "    chat gpt-x",
      "      POST",
      "    execute_tool lookup",
      "      SELECT",
      "    chat gpt-x",
      "      POST",
    ]);
    expect(named("run_step answer").attributes[WORKFLOW.stepType]).toBe("ai");
    const [first, second] = recording.named("chat gpt-x") as [ReadableSpan, ReadableSpan];
    expect(first.kind).toBe(SpanKind.CLIENT);
    expect(first.attributes).toMatchObject({
      [OTEL.genAiOperationName]: "chat",
      [OTEL.genAiProviderName]: "openai",
      [OTEL.genAiRequestModel]: "gpt-x",
      [OTEL.genAiRequestTemperature]: 0.2,
      [OTEL.genAiRequestMaxTokens]: 50,
      [OTEL.genAiUsageInputTokens]: 12,
      [OTEL.genAiUsageOutputTokens]: 3,
      [OTEL.genAiUsageCacheReadInputTokens]: 4,
      [OTEL.genAiResponseFinishReasons]: ["tool_call"],
    });
    const call = { type: "tool_call", id: "call_1", name: "lookup", arguments: { id: 7 } };
    expect(json(first, OTEL.genAiOutputMessages)).toEqual([
      { role: "assistant", parts: [call], finish_reason: "tool_call" },
    ]);
    expect(json(first, OTEL.genAiSystemInstructions)).toEqual([
      { type: "text", content: "Be brief" },
    ]);
    expect(json(first, OTEL.genAiToolDefinitions)).toMatchObject([
      { type: "function", name: "lookup", description: "Look an order up" },
    ]);
    expect(json(second, OTEL.genAiInputMessages)).toEqual([
      { role: "user", parts: [{ type: "text", content: "Where is order 7?" }] },
      { role: "assistant", parts: [call] },
      {
        role: "tool",
        parts: [{ type: "tool_call_response", id: "call_1", response: "order 7" }],
      },
    ]);
    expect(named("execute_tool lookup").attributes).toMatchObject({
      [OTEL.genAiToolCallId]: "call_1",
      [OTEL.genAiToolCallArguments]: '{"id":7}',
      [OTEL.genAiToolCallResult]: '"order 7"',
    });
  });

  test("keeps the resends of one call in one span", async () => {
    const busy = new APICallError({
      message: "busy",
      url: "http://127.0.0.1/",
      requestBodyValues: {},
      statusCode: 429,
      responseHeaders: { "retry-after-ms": "1" },
    });
    const doGenerate = vi.fn(answering(SAYS_HELLO)).mockRejectedValueOnce(busy);
    const flaky = new MockLanguageModelV4({ ...NAMES, doGenerate });
    await generateText({ model: flaky, prompt: "Hi" });
    const { attributes, status } = named("chat gpt-x");
    expect(attributes[OTEL.httpRequestResendCount]).toBe(1);
    expect(status.code).toBe(SpanStatusCode.UNSET);
  });

  test("fails with the provider's own error, and so does the span", async () => {
    const error = new TypeError("no such model");
    const broken = new MockLanguageModelV4({ ...NAMES, doGenerate: () => Promise.reject(error) });
    await expect(generateText({ model: broken, prompt: "Hi" })).rejects.toBe(error);
    const { attributes, status } = named("chat gpt-x");
    expect(attributes[OTEL.errorType]).toBe("TypeError");
    expect(status).toEqual({ code: SpanStatusCode.ERROR, message: "no such model" });
  });

  test("marks a tool that throws, not the call to the model", async () => {
    const failing = tool({
      inputSchema: z.object({ id: z.number() }),
      execute: (): Promise<string> => Promise.reject(new RangeError("no order")),
    });
    await generateText({
      model: model(CALLS_TOOL, SAYS_HELLO),
      prompt: "Hi",
      tools: { lookup: failing },
      stopWhen: isStepCount(2),
    });
    expect(named("execute_tool lookup")).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: "no order" },
      attributes: { [OTEL.errorType]: "RangeError" },
    });
    const codes = recording.named("chat gpt-x").map((span) => span.status.code);
    expect(codes).toEqual([SpanStatusCode.UNSET, SpanStatusCode.UNSET]);
  });

  test("with structured output is one call", async () => {
    const says = { ...SAYS_HELLO, content: [{ type: "text", text: '{"a":1}' }] };
    const output = Output.object({ schema: z.object({ a: z.number() }) });
    const result = await generateText({ model: model(says), output, prompt: "Hi" });
    expect(result.output).toEqual({ a: 1 });
    expect(recording.named("chat gpt-x")).toHaveLength(1);
  });

  test("survives inputs of any shape", async () => {
    const cyclic: Record<string, unknown> = { big: 10n };
    cyclic.self = cyclic;
    const odd = tool({
      inputSchema: z.object({ id: z.number() }),
      execute: async () => cyclic,
      toModelOutput: () => ({ type: "text", value: "odd" }),
    });
    const messages: ModelMessage[] = [
      {
        role: "user",
        content: [{ type: "file", data: new Uint8Array(9), mediaType: "image/png" }],
      },
    ];
    const asked = { model: model(CALLS_TOOL), messages, tools: { lookup: odd } };
    const result = await generateText(asked);
    expect(result.toolResults[0]?.output).toBe(cyclic);
    expect(json(named("chat gpt-x"), OTEL.genAiInputMessages)).toEqual([
      {
        role: "user",
        parts: [{ type: "blob", modality: "image", mime_type: "image/png", bytes: 9 }],
      },
    ]);
    expect(json(named("execute_tool lookup"), OTEL.genAiToolCallResult)).toEqual({
      big: "10",
      self: "[cycle]",
    });
  });
});

describe("streamText()", () => {
  test("ends its span when the stream was read", async () => {
    const result = streamText({ model: streamed(), prompt: "Hi" });
    expect(await readAll(result.textStream)).toEqual(["Hel", "lo"]);
    const span = named("chat gpt-x");
    expect(span.attributes[OTEL.genAiUsageOutputTokens]).toBe(3);
    expect(json(span, OTEL.genAiOutputMessages)).toEqual([
      { role: "assistant", parts: [{ type: "text", content: "Hello" }], finish_reason: "stop" },
    ]);
  });

  test("ends its span also when the application leaves it early", async () => {
    const result = streamText({ model: streamed(), prompt: "Hi" });
    for await (const text of result.textStream) if (text !== "") break;
    await result.consumeStream();
    await vi.waitFor(() => expect(recording.named("chat gpt-x")).toHaveLength(1));
  });

  test("fails where the stream breaks", async () => {
    const doStream = async () => ({
      stream: new ReadableStream({
        start: (controller) => {
          controller.enqueue({ type: "stream-start", warnings: [] });
          controller.enqueue({ type: "text-start", id: "1" });
        },
        pull: (controller) => controller.error(new Error("socket closed")),
      }),
    });
    const broken = new MockLanguageModelV4({ ...NAMES, doStream: doStream as never });
    const result = streamText({ model: broken, prompt: "Hi", onError: () => undefined });
    await expect(readAll(result.textStream)).rejects.toThrow("socket closed");
    expect(named("chat gpt-x").status.code).toBe(SpanStatusCode.ERROR);
  });

  test("ends without an error when the application aborts it", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const never = new Promise<never>(() => undefined);
    const doStream = async () => ({
      stream: new ReadableStream({
        start: (stream) => stream.enqueue({ type: "stream-start", warnings: [] }),
        pull: () => never,
      }),
    });
    const slow = new MockLanguageModelV4({ ...NAMES, doStream: doStream as never });
    const result = streamText({ model: slow, prompt: "Hi", abortSignal: signal });
    const read = readAll(result.textStream);
    await vi.waitFor(() => expect(slow.doStreamCalls).toHaveLength(1));
    controller.abort();
    expect(await read).toEqual([]);
    await vi.waitFor(() => expect(recording.named("chat gpt-x")).toHaveLength(1));
    expect(named("chat gpt-x").status.code).toBe(SpanStatusCode.UNSET);
  });
});

describe("approvals", () => {
  const risky = tool({
    inputSchema: z.object({ id: z.number() }),
    needsApproval: true,
    execute: async ({ id }) => `refunded ${id}`,
  });
  const tools = { lookup: risky };

  test("pause step and run, and are resolved by the part that answers", async () => {
    const messages: ModelMessage[] = [{ role: "user", content: "refund 7" }];
    const asked = await workflow(RUN, () =>
      step("ask", () => generateText({ model: model(CALLS_TOOL), messages, tools })),
    );
    const request = asked.content.find((part) => part.type === "tool-approval-request");
    const approvalId = request?.approvalId ?? "";
    const paused = named("run_step ask");
    expect(paused.attributes).toMatchObject({
      [WORKFLOW.stepType]: "approval",
      [WORKFLOW.stepResult]: "paused",
    });
    expect(paused.events).toMatchObject([
      { name: APPROVAL_REQUESTED_EVENT, attributes: { [WORKFLOW.approvalId]: approvalId } },
    ]);
    expect(named("invoke_workflow w").attributes[WORKFLOW.runResult]).toBe("paused");

    recording.reset();
    messages.push(...asked.response.messages, {
      role: "tool",
      content: [{ type: "tool-approval-response", approvalId, approved: true, reason: "fine" }],
    });
    await workflow(RUN, () =>
      step("ask", () => generateText({ model: model(SAYS_HELLO), messages, tools })),
    );
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow w",
      "  run_step ask",
      "    resolve_approval ask",
      "    execute_tool lookup",
      "    chat gpt-x",
      "      POST",
    ]);
    expect(named("resolve_approval ask").attributes).toMatchObject({
      [WORKFLOW.approvalId]: approvalId,
      [WORKFLOW.approvalOutcome]: "approved",
      [WORKFLOW.approvalComment]: "fine",
      [WORKFLOW.approvalWaitMs]: expect.any(Number),
    });
    expect(named("invoke_workflow w").attributes[WORKFLOW.runResult]).toBe("success");
  });
});

describe("other calls", () => {
  test("embeddings keep tokens and neither values nor vectors", async () => {
    const doEmbed = async () => ({ embeddings: [[1, 2]], usage: { tokens: 4 }, warnings: [] });
    const embedding = new MockEmbeddingModelV4({ ...NAMES, modelId: "embed-x", doEmbed });
    await embed({ model: embedding, value: "secret" });
    expect(named("embeddings embed-x").attributes).toEqual({
      [OTEL.genAiOperationName]: "embeddings",
      [OTEL.genAiProviderName]: "openai",
      [OTEL.genAiRequestModel]: "embed-x",
      [OTEL.genAiUsageInputTokens]: 4,
    });
  });
});

describe("who does not want to be recorded", () => {
  test("keeps inputs or outputs to itself, call by call", async () => {
    const telemetry = { recordInputs: false, recordOutputs: false };
    await generateText({
      model: model(CALLS_TOOL),
      prompt: "secret",
      tools: { lookup },
      telemetry,
    });
    const text = JSON.stringify(recording.spans().map((span) => span.attributes));
    expect(text).not.toMatch(/secret|order 7|"id\\":7/);
    expect(named("chat gpt-x").attributes[OTEL.genAiUsageInputTokens]).toBe(12);
  });

  test("keeps all content to itself with captureContent: false", async () => {
    instrumentation.setConfig({ captureContent: false });
    await generateText({ model: model(CALLS_TOOL), prompt: "secret", tools: { lookup } });
    instrumentation.setConfig({});
    const text = JSON.stringify(recording.spans().map((span) => span.attributes));
    expect(text).not.toMatch(/secret|order 7|"id\\":7/);
  });

  test("is not recorded where the instrumentation is disabled", async () => {
    instrumentation.disable();
    await generateText({ model: model(SAYS_HELLO), prompt: "Hi" });
    expect(recording.named("chat gpt-x")).toEqual([]);
  });

  test("is not recorded twice where the SDK's own OpenTelemetry integration is there", async () => {
    class OpenTelemetry {}
    const list = globalThis.AI_SDK_TELEMETRY_INTEGRATIONS ?? [];
    list.push(new OpenTelemetry() as never);
    await generateText({ model: model(SAYS_HELLO), prompt: "Hi" });
    list.pop();
    expect(recording.named("chat gpt-x")).toEqual([]);
  });
});
