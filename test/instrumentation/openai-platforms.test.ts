/**
 * Goal: calls through the openai package's clients of other platforms, Azure and Bedrock, are
 * recorded once each, with the platform as the provider. Method: the real clients of every version
 * that has them, as ES modules, against a local server that speaks the platforms' protocol.
 */
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { OpenAIInstrumentation } from "@spanledger/instrumentation-openai";
import { OTEL } from "@spanledger/schema";
import * as openai7 from "openai";
import { VERSION as VERSION_7 } from "openai/version";
import * as openai5 from "openai-5";
import { VERSION as VERSION_5 } from "openai-5/version";
import * as openai6 from "openai-6";
import { VERSION as VERSION_6 } from "openai-6/version";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { record } from "./spans.ts";

type Client = openai7.OpenAI;
type Library = Pick<typeof openai7, "AzureOpenAI" | "BedrockOpenAI" | "OpenAI">;
/** What makes a client of a platform. */
type Connect = (library: Library) => Client;

const recording = record();
const instrumentation = new OpenAIInstrumentation();
for (const { OpenAI } of [openai5, openai6, openai7])
  instrumentation.manuallyInstrument({ OpenAI });
let server: OpenAIServer;

beforeAll(async () => {
  server = await startOpenAIServer();
});
afterAll(() => server.close());
beforeEach(() => recording.reset());

const API_VERSION = "2026-01-01";

const azure: Connect = ({ AzureOpenAI }) =>
  new AzureOpenAI({ apiKey: "unused", endpoint: server.azureEndpoint, apiVersion: API_VERSION });
const azureDeployment: Connect = ({ AzureOpenAI }) =>
  new AzureOpenAI({
    apiKey: "unused",
    endpoint: server.azureEndpoint,
    apiVersion: API_VERSION,
    deployment: "shop",
  });
const ownAzure: Connect = ({ AzureOpenAI }) => {
  class ShopOpenAI extends AzureOpenAI {}
  return new ShopOpenAI({
    apiKey: "unused",
    endpoint: server.azureEndpoint,
    apiVersion: API_VERSION,
  });
};
const bedrock: Connect = ({ BedrockOpenAI }) =>
  new BedrockOpenAI({ apiKey: "unused", baseURL: server.baseUrl });
const bedrockToken: Connect = ({ BedrockOpenAI }) =>
  new BedrockOpenAI({ bedrockTokenProvider: async () => "unused", baseURL: server.baseUrl });

const AZURE = "azure.ai.openai";
const BEDROCK = "aws.bedrock";
const library5 = openai5 as unknown as Library;
const library6 = openai6 as unknown as Library;

/** Version, what makes the client, its name here, its provider. */
const CLIENTS: readonly (readonly [string, string, Library, Connect, string])[] = [
  [VERSION_5, "AzureOpenAI", library5, azure, AZURE],
  [VERSION_6, "AzureOpenAI", library6, azure, AZURE],
  [VERSION_7, "AzureOpenAI", openai7, azure, AZURE],
  [VERSION_7, "AzureOpenAI with a deployment", openai7, azureDeployment, AZURE],
  [VERSION_7, "a class that extends AzureOpenAI", openai7, ownAzure, AZURE],
  [VERSION_6, "BedrockOpenAI", library6, bedrock, BEDROCK],
  [VERSION_7, "BedrockOpenAI", openai7, bedrock, BEDROCK],
  [VERSION_7, "BedrockOpenAI with a token provider", openai7, bedrockToken, BEDROCK],
];

const HELLO = [{ role: "user", content: "Hello" }] as const;

function only(): ReadableSpan {
  const spans = recording.spans();
  expect(spans).toHaveLength(1);
  return spans[0] as ReadableSpan;
}

describe.each(CLIENTS)("openai %s, %s", (_version, _name, library, connect, provider) => {
  let client: Client;
  beforeAll(() => {
    client = connect(library);
  });

  const facts = (): object => ({
    [OTEL.genAiProviderName]: provider,
    [OTEL.genAiRequestModel]: "gpt-x",
    [OTEL.genAiResponseModel]: "gpt-x-2026",
    [OTEL.serverAddress]: "127.0.0.1",
    [OTEL.serverPort]: server.port,
  });

  test("records a chat completion", async () => {
    await client.chat.completions.create({ model: "gpt-x", messages: [...HELLO] });
    const span = only();
    expect(span.name).toBe("chat gpt-x");
    expect(span.attributes).toMatchObject({
      ...facts(),
      [OTEL.genAiUsageInputTokens]: 12,
      [OTEL.genAiResponseFinishReasons]: ["stop"],
    });
  });

  test("records a streamed chat completion", async () => {
    const stream = await client.chat.completions.create({
      model: "gpt-x",
      messages: [...HELLO],
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
    expect(text).toBe("Hello");
    expect(only().attributes).toMatchObject({
      ...facts(),
      [OTEL.genAiResponseId]: "chatcmpl-1",
      [OTEL.genAiRequestStream]: true,
      [OTEL.genAiUsageOutputTokens]: 3,
      [OTEL.genAiOutputMessages]: expect.stringContaining("Hello"),
    });
  });

  test("records a response, whole, streamed and by the helper", async () => {
    const body = { model: "gpt-x", input: "Hello" };
    await client.responses.create(body);
    for await (const _ of await client.responses.create({ ...body, stream: true }));
    const final = await client.responses.stream(body).finalResponse();
    expect(final.id).toBe("resp_1");
    expect(recording.spans()).toHaveLength(3);
    for (const { name, attributes } of recording.spans()) {
      expect(name).toBe("chat gpt-x");
      expect(attributes).toMatchObject({ ...facts(), [OTEL.genAiUsageInputTokens]: 5 });
    }
  });

  test("counts what the SDK sends again", async () => {
    await client.chat.completions.create({ model: "gpt-busy", messages: [...HELLO] });
    expect(only().attributes).toMatchObject({
      [OTEL.genAiProviderName]: provider,
      [OTEL.httpRequestResendCount]: 1,
    });
  });
});
