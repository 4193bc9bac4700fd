/**
 * Libraries that make spans themselves: the AI SDK up to version 6, Anthropic's SDK.
 *
 * Argument: which. Environment: OTEL_EXPORTER_OTLP_ENDPOINT, ANTHROPIC_BASE_URL.
 */
import exporting from "./exporting.cjs";

const USAGE = {
  inputTokens: { total: 12, noCache: 8, cacheRead: 4, cacheWrite: undefined },
  outputTokens: { total: 3, text: 3, reasoning: undefined },
};
const PROMPT = "Write to anna@example.com";

const APPLICATIONS = {
  "ai-sdk": async () => {
    const { embed, generateText, stepCountIs, streamText, tool } = await import("ai-6");
    const { MockEmbeddingModelV3, MockLanguageModelV3 } = await import("ai-6/test");
    const { z } = await import("zod");
    const call = {
      type: "tool-call",
      toolCallId: "call_1",
      toolName: "lookup",
      input: '{"id":7}',
    };
    const answers = [
      { content: [call], finishReason: { unified: "tool-calls", raw: "tool_calls" } },
      {
        content: [{ type: "text", text: "Hello" }],
        finishReason: { unified: "stop", raw: "stop" },
      },
    ];
    const names = { provider: "openai.chat", modelId: "gpt-x" };
    const model = (more) => new MockLanguageModelV3({ ...names, ...more });
    const experimental_telemetry = { isEnabled: true, functionId: "refund" };
    await generateText({
      model: model({
        doGenerate: async () => ({ ...answers.shift(), usage: USAGE, warnings: [] }),
      }),
      system: "Be brief",
      prompt: PROMPT,
      temperature: 0.5,
      stopWhen: stepCountIs(3),
      tools: {
        lookup: tool({
          description: "an order",
          inputSchema: z.object({ id: z.number() }),
          execute: async ({ id }) => ({ order: id }),
        }),
      },
      experimental_telemetry,
    });
    const chunks = [
      { type: "stream-start", warnings: [] },
      { type: "text-start", id: "1" },
      { type: "text-delta", id: "1", delta: "Hello" },
      { type: "text-end", id: "1" },
      { type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage: USAGE },
    ];
    const streamed = streamText({
      model: model({ doStream: async () => ({ stream: ReadableStream.from(chunks) }) }),
      prompt: PROMPT,
      experimental_telemetry,
    });
    await streamed.consumeStream();
    const refusing = model({
      doGenerate: async () => {
        throw new TypeError("refused");
      },
    });
    const refused = { model: refusing, prompt: PROMPT, maxRetries: 0, experimental_telemetry };
    await generateText(refused).catch(() => undefined);
    const embedding = new MockEmbeddingModelV3({
      provider: "openai.embedding",
      modelId: "embed-x",
      doEmbed: async () => ({ embeddings: [[0.5, 0.25]], usage: { tokens: 4 }, warnings: [] }),
    });
    await embed({ model: embedding, value: "Hi", experimental_telemetry });
  },
  anthropic: async () => {
    const { default: Anthropic } = await import("@anthropic-ai/sdk");
    const { betaTool } = await import("@anthropic-ai/sdk/helpers/beta/json-schema");
    const client = new Anthropic({ apiKey: "unused", maxRetries: 0 });
    const messages = [{ role: "user", content: PROMPT }];
    const request = { model: "claude-x", max_tokens: 50, messages };
    await client.messages.create({ ...request, system: "Be brief" });
    const lookup = betaTool({
      name: "lookup",
      description: "an order",
      inputSchema: { type: "object", properties: { id: { type: "number" } } },
      run: ({ id }) => JSON.stringify({ order: id }),
    });
    await client.beta.messages.toolRunner({ ...request, tools: [lookup] });
    await client.messages.create({ ...request, model: "claude-refused" }).catch(() => undefined);
  },
};

await APPLICATIONS[exporting.serviceName]();
await exporting.shutdown();
