/**
 * Goal: calls through Anthropic's clients of other platforms, Bedrock and Vertex AI, are recorded
 * once each, with the platform as the provider, also where an older client sits on an SDK that
 * traces itself. Method: the real clients, credentials that lead nowhere, a local server that speaks
 * the platforms' protocol. Older clients on an SDK that we patch: `versions-processes.test.ts`.
 */
import { createRequire } from "node:module";
import * as bedrock from "@anthropic-ai/bedrock-sdk";
import * as plainOlderBedrock from "@anthropic-ai/bedrock-sdk-0.29";
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
const PlainOlderBedrock = plainOlderBedrock.AnthropicBedrock as unknown as BedrockClass;

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
/** What the SDK's helper of streams says where no event came. */
const NO_MESSAGE = "request ended without sending any chunks";
const TOOLS = [{ name: "lookup", input_schema: { type: "object" as const } }];

function only(): ReadableSpan {
  const spans = recording.spans();
  expect(spans).toHaveLength(1);
  return spans[0] as ReadableSpan;
}

const STREAMING = CLIENTS.filter(([, connect]) => connect !== olderBedrock);

const facts = (provider: string): object => ({
  [OTEL.genAiProviderName]: provider,
  [OTEL.genAiRequestModel]: "claude-x",
  [OTEL.genAiResponseModel]: "claude-2026",
  [OTEL.genAiUsageInputTokens]: 12,
  [OTEL.genAiUsageOutputTokens]: 2,
  [OTEL.serverAddress]: "127.0.0.1",
  [OTEL.serverPort]: server.port,
});

describe.each(CLIENTS)("%s", (_name, connect, provider) => {
  let client: Client;
  beforeAll(() => {
    client = connect();
  });

  test("records a message with its tools", async () => {
    const { content } = await client.messages.create({ ...BODY, tools: TOOLS });
    expect(content).toMatchObject([{ text: "Hm" }, { name: "lookup" }]);
    const span = only();
    expect(span.name).toBe("chat claude-x");
    expect(span.attributes).toMatchObject({
      ...facts(provider),
      [OTEL.genAiResponseFinishReasons]: ["tool_call"],
      [OTEL.genAiToolDefinitions]: expect.stringContaining("lookup"),
      [OTEL.genAiOutputMessages]: expect.stringContaining("toolu_1"),
    });
  });

  test("records a beta message, and an answer that is an error", async () => {
    await client.beta.messages.create(BODY);
    expect(only().attributes).toMatchObject(facts(provider));
    recording.reset();
    const refused = client.messages.create({ ...BODY, model: "claude-refused" });
    await expect(refused).rejects.toThrow("bad request");
    expect(only()).toMatchObject({
      attributes: { [OTEL.genAiProviderName]: provider },
      status: { code: SpanStatusCode.ERROR },
    });
  });
});

describe.each(STREAMING)("a stream of %s", (_name, connect, provider) => {
  const answer = [{ role: "assistant", parts: [{ type: "text", content: "Hello" }] }];
  const expectRecorded = (): void => {
    const { attributes } = only();
    expect(attributes).toMatchObject({
      ...facts(provider),
      [OTEL.genAiResponseFinishReasons]: ["stop"],
    });
    expect(JSON.parse(String(attributes[OTEL.genAiOutputMessages]))).toMatchObject(answer);
  };

  test("of create is recorded", async () => {
    const types = await typesOf(await connect().messages.create({ ...BODY, stream: true }));
    expect(types.at(-1)).toBe("message_stop");
    expectRecorded();
  });

  test("of the helper is recorded", async () => {
    await connect().messages.stream(BODY).finalMessage();
    expectRecorded();
  });
});

// That client reads AWS's framing in a way that this SDK no longer asks for.
describe("a stream of AnthropicBedrock 0.29.2 on SDK 0.137", () => {
  // Its ES module has a copy of the SDK of its own, which nobody patched.
  const CLIENTS_OF_BOTH = [olderBedrock, signing(PlainOlderBedrock)];

  test("yields no events with us, as without us, and its span says that it broke off", async () => {
    const yielded: string[][] = [];
    const providers: unknown[] = [];
    for (const connect of CLIENTS_OF_BOTH) {
      recording.reset();
      yielded.push(await typesOf(await connect().messages.create({ ...BODY, stream: true })));
      expect(only()).toMatchObject({
        attributes: { [OTEL.genAiRequestModel]: "claude-x", [OTEL.errorType]: "api_error" },
        status: { code: SpanStatusCode.ERROR },
      });
      expect(only().attributes).not.toHaveProperty([OTEL.genAiOutputMessages]);
      providers.push(only().attributes[OTEL.genAiProviderName]);
    }
    expect(yielded).toEqual([[], []]);
    // We know the platform; the SDK alone does not.
    expect(providers).toEqual([BEDROCK, "anthropic"]);
  });

  test("of the helper rejects with us, as without us", async () => {
    const messages: unknown[] = [];
    for (const connect of CLIENTS_OF_BOTH) {
      recording.reset();
      const failure = connect().messages.stream(BODY).finalMessage();
      messages.push(await failure.catch((error: unknown) => (error as Error).message));
      expect(only().status.code).toBe(SpanStatusCode.ERROR);
    }
    expect(messages).toEqual([NO_MESSAGE, NO_MESSAGE]);
  });
});

async function typesOf(stream: AsyncIterable<{ readonly type: string }>): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of stream) types.push(type);
  return types;
}
