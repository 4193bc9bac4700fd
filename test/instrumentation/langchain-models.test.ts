/**
 * Goal: a call to a model through LangChain is one chat span, whoever records it.
 * Method: the real LangChain and openai packages, a stand-in for the provider, spans in memory.
 */
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, AIMessageChunk } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import { ChatOpenAI } from "@langchain/openai";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { workflow } from "@spanledger/api";
import { OTEL } from "@spanledger/schema";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { langchain, only, openai, recording } from "./langchain-library.ts";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { tree } from "./spans.ts";

let server: OpenAIServer;
beforeAll(async () => {
  server = await startOpenAIServer();
});
afterAll(() => server.close());
beforeEach(() => recording.reset());
afterEach(() => openai.enable());

const model = (name = "gpt-x", fields: object = {}) =>
  new ChatOpenAI({
    model: name,
    apiKey: "unused",
    temperature: 0.5,
    maxRetries: 0,
    configuration: { baseURL: server.baseUrl },
    ...fields,
  });
const LOOKUP = {
  type: "function",
  function: { name: "lookup", description: "Look up", parameters: { type: "object" } },
} as const;

describe.each([
  { by: "the openai instrumentation", sdk: true, scope: "@spanledger/instrumentation-openai" },
  { by: "LangChain alone", sdk: false, scope: "@spanledger/instrumentation-langchain" },
])("a call to ChatOpenAI that is recorded by $by", ({ sdk, scope }) => {
  beforeEach(() => {
    if (!sdk) openai.disable();
  });

  test("is one chat span with model, tokens, finish reason and messages", async () => {
    const answer = await model().invoke("Refund order 7");
    expect(answer.content).toBe('{"label":"high"}');
    expect(recording.spans()).toHaveLength(1);
    const chat = only("chat gpt-x");
    expect(chat.kind).toBe(SpanKind.CLIENT);
    expect(chat.instrumentationScope.name).toBe(scope);
    expect(chat.attributes).toMatchObject({
      [OTEL.genAiProviderName]: "openai",
      [OTEL.genAiRequestTemperature]: 0.5,
      [OTEL.genAiResponseModel]: "gpt-x-2026",
      [OTEL.genAiUsageInputTokens]: 12,
      [OTEL.genAiUsageOutputTokens]: 3,
      [OTEL.genAiResponseFinishReasons]: ["stop"],
      [OTEL.genAiInputMessages]:
        '[{"role":"user","parts":[{"type":"text","content":"Refund order 7"}]}]',
      [OTEL.genAiOutputMessages]:
        '[{"role":"assistant","parts":[{"type":"text","content":"{\\"label\\":\\"high\\"}"}],"finish_reason":"stop"}]',
    });
  });

  test("is one chat span in a stream, also where the reader leaves", async () => {
    const texts: unknown[] = [];
    for await (const chunk of await model().stream("Hi")) texts.push(chunk.content);
    expect(texts.join("")).toBe("Hello");
    expect(recording.spans()).toHaveLength(1);
    expect(only("chat gpt-x").attributes).toMatchObject({
      [OTEL.genAiUsageInputTokens]: 12,
      [OTEL.genAiResponseFinishReasons]: ["stop"],
      [OTEL.genAiOutputMessages]: expect.stringContaining('"Hello"'),
    });
    recording.reset();
    for await (const _ of await model().stream("Hi")) break;
    expect(recording.spans()).toHaveLength(1);
  });

  test("keeps tool definitions and tool calls", async () => {
    const answer = await model().bindTools([LOOKUP]).invoke("Where is order 7?");
    expect(answer.tool_calls?.[0]?.args).toEqual({ id: 7 });
    const chat = only("chat gpt-x");
    expect(String(chat.attributes[OTEL.genAiToolDefinitions])).toContain('"name":"lookup"');
    expect(JSON.parse(String(chat.attributes[OTEL.genAiOutputMessages]))).toEqual([
      {
        role: "assistant",
        parts: [{ type: "tool_call", id: "call_1", name: "lookup", arguments: { id: 7 } }],
        finish_reason: "tool_calls",
      },
    ]);
  });

  test("that fails throws the provider's error and says so", async () => {
    await expect(model("gpt-refused").invoke("Hi")).rejects.toThrow("bad request");
    const chat = only("chat gpt-refused");
    expect(chat.status.code).toBe(SpanStatusCode.ERROR);
    expect(chat.attributes[OTEL.errorType]).toBe("BadRequestError");
  });

  test("lies where it was made", async () => {
    await workflow({ id: "w", name: "w" }, () => model().invoke("Hi"));
    expect(tree(recording.spans())).toEqual(["invoke_workflow w", "  chat gpt-x"]);
  });
});

/** Any model; those of two copies of LangChain core have two types. */
interface Inner {
  invoke(input: string): Promise<unknown>;
}

/** A model without an SDK below. */
class OwnModel extends BaseChatModel {
  readonly #inner: Inner | undefined;

  constructor(inner?: Inner) {
    super({});
    this.#inner = inner;
  }

  _llmType(): string {
    return "own";
  }

  override async _generate(): Promise<ChatResult> {
    await this.#inner?.invoke("Hello");
    const usage = { input_tokens: 4, output_tokens: 1, total_tokens: 5 };
    const message = Object.assign(new AIMessage("Hi"), { usage_metadata: usage });
    return { generations: [{ text: "Hi", message }] };
  }

  override async *_streamResponseChunks(): AsyncGenerator<ChatGenerationChunk> {
    for (const content of ["a", "b", "c"]) {
      yield new ChatGenerationChunk({ text: content, message: new AIMessageChunk({ content }) });
    }
    throw new RangeError("the line broke");
  }
}

describe("a model without an SDK below", () => {
  test("is one chat span, with the time that it took", async () => {
    await new OwnModel().invoke([["human", "Hello"]]);
    const chat = only("chat OwnModel");
    expect(chat.attributes).toMatchObject({
      [OTEL.genAiUsageInputTokens]: 4,
      [OTEL.genAiUsageOutputTokens]: 1,
      [OTEL.genAiInputMessages]: '[{"role":"user","parts":[{"type":"text","content":"Hello"}]}]',
    });
    const [seconds, nanoseconds] = chat.duration;
    expect(seconds * 1e9 + nanoseconds).toBeGreaterThan(0);
  });

  test("that calls another model is told once, by the other", async () => {
    await new OwnModel(new OwnModel()).invoke("Hello");
    await new OwnModel(model()).invoke("Hello");
    expect(recording.spans().map((span) => span.name)).toEqual(["chat OwnModel", "chat gpt-x"]);
  });

  test("whose stream breaks keeps what came, and the error", async () => {
    const texts: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const chunk of await new OwnModel().stream("Hi")) texts.push(chunk.content);
    };
    await expect(read()).rejects.toThrow(new RangeError("the line broke"));
    expect(texts).toEqual(["a", "b", "c"]);
    const chat = only("chat OwnModel");
    expect(chat.attributes[OTEL.errorType]).toBe("RangeError");
    expect(String(chat.attributes[OTEL.genAiOutputMessages])).toContain('"abc"');
  });

  test("keeps no content where it is told to keep none", async () => {
    langchain.setConfig({ captureContent: false });
    await new OwnModel().invoke("secret");
    langchain.setConfig({});
    expect(JSON.stringify(only("chat OwnModel").attributes)).not.toMatch(/secret|Hi/);
  });

  test("is not recorded by what is disabled", async () => {
    langchain.disable();
    await new OwnModel().invoke("Hello");
    langchain.enable();
    expect(recording.spans()).toEqual([]);
  });
});
