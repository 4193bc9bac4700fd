/**
 * Goal: a call through `@anthropic-ai/sdk` is recorded in the same names whether the SDK records it
 * itself (from 0.134) or we do (below). Method: one suite, both versions of the real package, a
 * local server that speaks their protocol.
 */

import AnthropicOwn from "@anthropic-ai/sdk";
import { VERSION as VERSION_OWN } from "@anthropic-ai/sdk/version";
import AnthropicPatched from "@anthropic-ai/sdk-0.133";
import { VERSION as VERSION_PATCHED } from "@anthropic-ai/sdk-0.133/version";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { step, workflow } from "@spanledger/api";
import {
  AnthropicInstrumentation,
  AnthropicSpanProcessor,
} from "@spanledger/instrumentation-anthropic";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AnthropicServer, startAnthropicServer } from "./anthropic-server.ts";
import { record, tree } from "./spans.ts";

type AnthropicClass = typeof AnthropicOwn;

const recording = record(new AnthropicSpanProcessor());
const instrumentation = new AnthropicInstrumentation();
const VERSIONS = [
  { version: VERSION_PATCHED, Anthropic: AnthropicPatched as unknown as AnthropicClass },
  { version: VERSION_OWN, Anthropic: AnthropicOwn },
];
for (const { Anthropic } of VERSIONS) instrumentation.manuallyInstrument({ Anthropic });
let server: AnthropicServer;

beforeAll(async () => {
  server = await startAnthropicServer();
});
afterAll(async () => {
  instrumentation.disable();
  await server.close();
});
beforeEach(() => recording.reset());

const BODY = {
  model: "claude-x",
  max_tokens: 50,
  messages: [{ role: "user" as const, content: "Hello" }],
};
const TOOLS = [
  {
    name: "lookup",
    description: "Find",
    input_schema: { type: "object" as const, properties: { id: { type: "number" } } },
  },
];

function only(): ReadableSpan {
  const spans = recording.spans();
  expect(spans).toHaveLength(1);
  return spans[0] as ReadableSpan;
}

function json(span: ReadableSpan, name: string): unknown {
  return JSON.parse(String(span.attributes[name]));
}

describe.each(VERSIONS)("@anthropic-ai/sdk $version", ({ Anthropic }) => {
  let client: AnthropicOwn;
  beforeAll(() => {
    client = new Anthropic({ apiKey: "unused", baseURL: server.baseUrl });
  });

  test("a message is a client span with request, response, usage, messages and server", async () => {
    const result = await client.messages.create({
      ...BODY,
      system: "Be brief",
      stop_sequences: ["END"],
    });
    expect(result.content).toEqual([{ type: "text", text: "Hello" }]);
    const span = only();
    expect(span.name).toBe("chat claude-x");
    expect(span.kind).toBe(SpanKind.CLIENT);
    expect(span.status.code).not.toBe(SpanStatusCode.ERROR);
    expect(span.attributes).toMatchObject({
      [OTEL.genAiOperationName]: "chat",
      [OTEL.genAiProviderName]: "anthropic",
      [OTEL.genAiRequestModel]: "claude-x",
      [OTEL.genAiRequestMaxTokens]: 50,
      [OTEL.genAiRequestStopSequences]: ["END"],
      [OTEL.genAiResponseId]: "msg_1",
      [OTEL.genAiResponseModel]: "claude-2026",
      [OTEL.genAiResponseFinishReasons]: ["stop"],
      [OTEL.genAiUsageInputTokens]: 12,
      [OTEL.genAiUsageOutputTokens]: 2,
      [OTEL.genAiUsageCacheReadInputTokens]: 4,
      [OTEL.genAiUsageCacheWriteInputTokens]: 3,
      [OTEL.serverAddress]: "127.0.0.1",
      [OTEL.serverPort]: server.port,
    });
    expect(json(span, OTEL.genAiSystemInstructions)).toEqual([
      { type: "text", content: "Be brief" },
    ]);
    expect(json(span, OTEL.genAiInputMessages)).toEqual([
      { role: "user", parts: [{ type: "text", content: "Hello" }] },
    ]);
    expect(json(span, OTEL.genAiOutputMessages)).toEqual([
      { role: "assistant", parts: [{ type: "text", content: "Hello" }], finish_reason: "stop" },
    ]);
  });

  test("calls of tools and their answers are parts", async () => {
    await client.messages.create({
      ...BODY,
      tools: TOOLS,
      ...({ temperature: 0.2 } as object),
      messages: [
        ...BODY.messages,
        {
          role: "assistant",
          content: [{ type: "tool_use", id: "t0", name: "lookup", input: { id: 6 } }],
        },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "t0", content: "42" }] },
        ...BODY.messages,
      ],
    });
    const span = only();
    expect(span.attributes[OTEL.genAiResponseFinishReasons]).toEqual(["tool_call"]);
    expect(span.attributes[OTEL.genAiRequestTemperature]).toBe(0.2);
    expect(json(span, OTEL.genAiToolDefinitions)).toEqual([
      {
        type: "function",
        name: "lookup",
        description: "Find",
        parameters: TOOLS[0]?.input_schema,
      },
    ]);
    expect(json(span, OTEL.genAiInputMessages)).toMatchObject([
      { role: "user" },
      { role: "assistant", parts: [{ type: "tool_call", id: "t0", arguments: { id: 6 } }] },
      { parts: [{ type: "tool_call_response", id: "t0" }] },
      { role: "user" },
    ]);
    expect(json(span, OTEL.genAiOutputMessages)).toMatchObject([
      {
        parts: [
          { type: "text", content: "Hm" },
          { type: "tool_call", id: "toolu_1", name: "lookup", arguments: { id: 7 } },
        ],
        finish_reason: "tool_call",
      },
    ]);
  });

  test("it nests under its step and makes it an AI step", async () => {
    await step("classify", () => client.messages.create(BODY));
    expect(tree(recording.spans())).toEqual(["run_step classify", "  chat claude-x"]);
    expect(recording.named("run_step classify")[0]?.attributes[WORKFLOW.stepType]).toBe("ai");
  });

  test("the provider learns nothing of the run, neither trace nor who acts", async () => {
    const options = { id: "refund", name: "refund", actor: { id: "dana", type: "user" as const } };
    await workflow(options, () => client.messages.create(BODY));
    const sent = server.headers.at(-1) ?? {};
    expect(Object.keys(sent).filter((name) => /^(baggage|trace)/.test(name))).toEqual([]);
  });

  test("what the SDK sends again is counted", async () => {
    await client.messages.create({ ...BODY, model: "claude-busy" });
    expect(only().attributes[OTEL.httpRequestResendCount]).toBe(1);
  });

  test("a refused request rejects with the SDK's own error and ends the span with it", async () => {
    const refused = client.messages.create({ ...BODY, model: "claude-refused" });
    await expect(refused).rejects.toBeInstanceOf(Anthropic.BadRequestError);
    const span = only();
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes[OTEL.errorType]).toEqual(expect.any(String));
  });

  test("withResponse and parse give what they give without us, in one span each", async () => {
    const { data, response } = await client.messages.create(BODY).withResponse();
    expect([data.id, response.status]).toEqual(["msg_1", 200]);
    const schema = { type: "object", properties: {}, additionalProperties: false };
    const format = {
      type: "json_schema" as const,
      schema,
      parse: (text: string) => JSON.parse(text),
    };
    const parsed = await client.messages.parse({
      ...BODY,
      model: "claude-json",
      output_config: { format },
    });
    expect(parsed.parsed_output).toEqual({ label: "high" });
    expect(recording.spans().map((span) => span.attributes[OTEL.genAiOutputType])).toEqual([
      undefined,
      "json",
    ]);
  });

  test("a beta message is recorded like any other", async () => {
    await client.beta.messages.create(BODY);
    expect(only().name).toBe("chat claude-x");
  });

  describe("a stream", () => {
    const streamed = { ...BODY, stream: true as const };

    test("that is read ends its span with content, finish reason and usage", async () => {
      const types: string[] = [];
      const stream = await client.messages.create({ ...streamed, tools: TOOLS });
      for await (const event of stream) types.push(event.type);
      expect(types.at(-1)).toBe("message_stop");
      const span = only();
      expect(span.attributes).toMatchObject({
        [OTEL.genAiRequestStream]: true,
        [OTEL.genAiResponseFinishReasons]: ["tool_call"],
        [OTEL.genAiUsageInputTokens]: 12,
        [OTEL.genAiUsageOutputTokens]: 2,
        [OTEL.genAiResponseTimeToFirstChunk]: expect.any(Number),
      });
    });

    test("of the helper keeps the whole message", async () => {
      const message = await client.messages.stream({ ...BODY, tools: TOOLS }).finalMessage();
      expect(message.content).toHaveLength(2);
      expect(json(only(), OTEL.genAiOutputMessages)).toEqual([
        {
          role: "assistant",
          parts: [
            { type: "text", content: "Hello" },
            { type: "tool_call", id: "toolu_1", name: "lookup", arguments: { id: 7 } },
          ],
          finish_reason: "tool_call",
        },
      ]);
    });

    test("that is left early ends its span without an error", async () => {
      for await (const _ of await client.messages.create(streamed)) break;
      expect(only().status.code).not.toBe(SpanStatusCode.ERROR);
    });

    test("that breaks ends its span with an error", async () => {
      const read = async (): Promise<void> => {
        const body = { ...streamed, model: "claude-breaks" };
        for await (const _ of await client.messages.create(body));
      };
      await expect(read()).rejects.toBeInstanceOf(Anthropic.APIError);
      expect(only().status.code).toBe(SpanStatusCode.ERROR);
    });
  });
});

test("the tool runner's tools and turns have the names of the conventions", async () => {
  const client = new AnthropicOwn({ apiKey: "unused", baseURL: server.baseUrl });
  const tool = {
    ...TOOLS[0],
    type: "custom" as const,
    run: () => "42",
    parse: (input: unknown) => input,
  };
  const runner = client.beta.messages.toolRunner({ ...BODY, tools: [tool as never] });
  await runner.runUntilDone();
  expect(tree(recording.spans())).toEqual([
    "invoke_agent",
    "  chat claude-x",
    "  execute_tool lookup",
    "  chat claude-x",
  ]);
  const [first] = recording.named("chat claude-x");
  expect(first && json(first, OTEL.genAiToolDefinitions)).toMatchObject([
    { type: "function", name: "lookup", description: "Find" },
  ]);
  expect(recording.named("execute_tool lookup")[0]?.attributes).toMatchObject({
    [OTEL.genAiToolName]: "lookup",
    [OTEL.genAiToolCallId]: "toolu_1",
    [OTEL.genAiToolCallArguments]: '{"id":7}',
    [OTEL.genAiToolCallResult]: '[{"type":"text","text":"42"}]',
  });
});
