/**
 * Goal: calls through Anthropic's clients of other platforms, Bedrock and Vertex AI, are recorded
 * once each, with the platform as the provider, also where an older client sits on an SDK that
 * traces itself. Method: the real clients, credentials that lead nowhere, a local server that speaks
 * the platforms' protocol. Older clients on an SDK that we patch: `versions-processes.test.ts`.
 */
import { createRequire } from "node:module";
import * as bedrock from "@anthropic-ai/bedrock-sdk";
import Anthropic from "@anthropic-ai/sdk";
import * as vertex from "@anthropic-ai/vertex-sdk";
import { SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import {
  AnthropicInstrumentation,
  AnthropicSpanProcessor,
} from "@spanledger/instrumentation-anthropic";
import { OTEL } from "@spanledger/schema";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AnthropicServer, startAnthropicServer } from "./anthropic-server.ts";
import { record } from "./spans.ts";

type BedrockClass = typeof bedrock.AnthropicBedrock;
type VertexClass = typeof vertex.AnthropicVertex;
type Messages = Pick<bedrock.AnthropicBedrock["messages"], "create" | "stream">;
type BetaMessages = Pick<bedrock.AnthropicBedrock["beta"]["messages"], "create">;
/** What the clients of all platforms have. */
interface Client {
  readonly messages: Messages;
  readonly beta: { readonly messages: BetaMessages };
}

const load = createRequire(import.meta.url);
const { AnthropicBedrock: OlderBedrock } = load("@anthropic-ai/bedrock-sdk-0.29") as typeof bedrock;
const { AnthropicVertex: OlderVertex } = load("@anthropic-ai/vertex-sdk-0.19") as typeof vertex;

const recording = record(new AnthropicSpanProcessor());
const instrumentation = new AnthropicInstrumentation();
instrumentation.manuallyInstrument({ Anthropic });
// The copies of the SDK that the older clients bring along.
for (const name of ["@anthropic-ai/bedrock-sdk-0.29", "@anthropic-ai/vertex-sdk-0.19"]) {
  const copy: unknown = createRequire(load.resolve(name))("@anthropic-ai/sdk");
  instrumentation.manuallyInstrument(copy as { Anthropic: unknown });
}
let server: AnthropicServer;

beforeAll(async () => {
  server = await startAnthropicServer();
});
afterAll(async () => {
  instrumentation.disable();
  await server.close();
});
beforeEach(() => recording.reset());

/** Stands for what Google's library asks of a metadata server. */
const authClient = {
  projectId: "p",
  getRequestHeaders: async () => new Headers({ authorization: "Bearer unused" }),
} as never;

const keys = { awsRegion: "us-east-1", awsAccessKey: "AKIAUNUSED", awsSecretKey: "unused" };
const signing = (Class: BedrockClass) => () => new Class({ ...keys, baseURL: server.baseUrl });
const bearing = (Class: BedrockClass) => () =>
  new Class({ awsRegion: "us-east-1", apiKey: "unused", baseURL: server.baseUrl });
const olderBedrock = signing(OlderBedrock);
const google = (Class: VertexClass) => () =>
  new Class({ region: "r", projectId: "p", authClient, baseURL: server.baseUrl });
const mantle = () =>
  new bedrock.AnthropicBedrockMantle({
    awsRegion: "us-east-1",
    apiKey: "unused",
    baseURL: server.baseUrl,
  });

class ShopBedrock extends bedrock.AnthropicBedrock {}

const BEDROCK = "aws.bedrock";
const VERTEX = "gcp.vertex_ai";

const CLIENTS: readonly (readonly [string, () => Client, string])[] = [
  ["AnthropicBedrock 1.1.3 with AWS keys", signing(bedrock.AnthropicBedrock), BEDROCK],
  ["AnthropicBedrock 1.1.3 with a Bedrock key", bearing(bedrock.AnthropicBedrock), BEDROCK],
  ["a class that extends AnthropicBedrock 1.1.3", signing(ShopBedrock), BEDROCK],
  ["AnthropicBedrockMantle 1.1.3", mantle, BEDROCK],
  ["AnthropicVertex 1.1.3", google(vertex.AnthropicVertex), VERTEX],
  ["AnthropicBedrock 0.29.2 on SDK 0.137", olderBedrock, BEDROCK],
  ["AnthropicVertex 0.19.11 on SDK 0.137", google(OlderVertex), VERTEX],
];

const BODY = {
  model: "claude-x",
  max_tokens: 50,
  messages: [{ role: "user" as const, content: "Hello" }],
};
const TOOLS = [{ name: "lookup", input_schema: { type: "object" as const } }];

function only(): ReadableSpan {
  const spans = recording.spans();
  expect(spans).toHaveLength(1);
  return spans[0] as ReadableSpan;
}

describe.each(CLIENTS)("%s", (_name, connect, provider) => {
  let client: Client;
  beforeAll(() => {
    client = connect();
  });

  const facts = (): object => ({
    [OTEL.genAiProviderName]: provider,
    [OTEL.genAiRequestModel]: "claude-x",
    [OTEL.genAiResponseModel]: "claude-2026",
    [OTEL.genAiUsageInputTokens]: 12,
    [OTEL.genAiUsageOutputTokens]: 2,
    [OTEL.serverAddress]: "127.0.0.1",
    [OTEL.serverPort]: server.port,
  });

  test("records a message with its tools", async () => {
    const { content } = await client.messages.create({ ...BODY, tools: TOOLS });
    expect(content).toMatchObject([{ text: "Hm" }, { name: "lookup" }]);
    const span = only();
    expect(span.name).toBe("chat claude-x");
    expect(span.attributes).toMatchObject({
      ...facts(),
      [OTEL.genAiResponseFinishReasons]: ["tool_call"],
      [OTEL.genAiToolDefinitions]: expect.stringContaining("lookup"),
      [OTEL.genAiOutputMessages]: expect.stringContaining("toolu_1"),
    });
  });

  // The older Bedrock client's streams yield nothing on this SDK, with and without us.
  test.skipIf(connect === olderBedrock)("records a stream", async () => {
    const types: string[] = [];
    const stream = await client.messages.create({ ...BODY, stream: true });
    for await (const { type } of stream) types.push(type);
    expect(types.at(-1)).toBe("message_stop");
    expect(only().attributes).toMatchObject({
      ...facts(),
      [OTEL.genAiResponseFinishReasons]: ["stop"],
    });
    recording.reset();
    await client.messages.stream(BODY).finalMessage();
    expect(only().attributes).toMatchObject({
      ...facts(),
      [OTEL.genAiOutputMessages]: expect.stringContaining("Hello"),
    });
  });

  test("records a beta message, and an answer that is an error", async () => {
    await client.beta.messages.create(BODY);
    expect(only().attributes).toMatchObject(facts());
    recording.reset();
    const refused = client.messages.create({ ...BODY, model: "claude-refused" });
    await expect(refused).rejects.toThrow("bad request");
    expect(only()).toMatchObject({
      attributes: { [OTEL.genAiProviderName]: provider },
      status: { code: SpanStatusCode.ERROR },
    });
  });
});
