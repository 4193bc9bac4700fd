/**
 * Goal: where the sampler takes nothing, no content is put into words: the application does not pay
 * for what nobody gets. Method: the same application of each library as a real process, with all
 * and with nothing sampled; every use of the one function that writes content is counted.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AnthropicServer, startAnthropicServer } from "./anthropic-server.ts";
import { runApp } from "./child.ts";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { type OtlpServer, type ReceivedSpan, startOtlpServer } from "./otlp-server.ts";
import { isRedisMissing, type Redis, startRedis } from "./redis.ts";

let anthropic: AnthropicServer;
let openai: OpenAIServer;
let otlp: OtlpServer;
let folder: string;
let redis: Redis | undefined;
const isMissing = isRedisMissing();

beforeAll(async () => {
  anthropic = await startAnthropicServer();
  openai = await startOpenAIServer();
  otlp = await startOtlpServer();
  folder = mkdtempSync(join(tmpdir(), "spanledger-"));
  if (!isMissing) redis = await startRedis();
});
afterAll(async () => {
  await Promise.all([anthropic.close(), openai.close(), otlp.close(), redis?.close()]);
  rmSync(folder, { recursive: true });
});

const COUNTER = new URL("apps/counts-json-text.mjs", import.meta.url).href;
const REGISTER = import.meta.resolve("@spanledger/register");
const MCP_SERVER = fileURLToPath(new URL("apps/mcp-server.mjs", import.meta.url));

interface Outcome {
  readonly texts: number;
  readonly stdout: string;
  readonly spans: readonly ReceivedSpan[];
}

async function run(app: string, args: readonly string[], sampler: string): Promise<Outcome> {
  rmSync(join(folder, "checkpoint.json"), { force: true });
  const { code, stdout, stderr } = await runApp(app, args, {
    flags: ["--import", COUNTER, "--import", REGISTER],
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_TRACES_SAMPLER: sampler,
      OPENAI_BASE_URL: openai.baseUrl,
    },
  });
  expect(code, stderr).toBe(0);
  const texts = Number(/^texts: (\d+)$/m.exec(stderr)?.[1]);
  return { texts, stdout, spans: otlp.take() };
}

interface Given {
  readonly libraries: string;
  readonly app: string;
  readonly args: () => readonly string[];
}

const JOBS: Given = {
  libraries: "HTTP servers and BullMQ",
  app: "jobs-import.mjs",
  args: () => [String(redis?.port)],
};

test.each<Given>([
  ...(isMissing ? [] : [JOBS]),
  {
    libraries: "LangGraph, its tools and OpenAI",
    app: "esm-import.mjs",
    args: () => ["start", join(folder, "checkpoint.json"), openai.baseUrl],
  },
  { libraries: "LangChain's agents", app: "agent-esm.mjs", args: () => [openai.baseUrl] },
  {
    libraries: "Anthropic and MCP",
    app: "providers-import.mjs",
    args: () => [anthropic.baseUrl, MCP_SERVER],
  },
  { libraries: "the AI SDK", app: "ai-sdk-esm.mjs", args: () => [] },
  { libraries: "the Agents SDK", app: "agents-import.mjs", args: () => [openai.baseUrl] },
  { libraries: "Mastra", app: "mastra-esm.mjs", args: () => [] },
])("nothing of $libraries is put into words where nothing is sampled", async (given) => {
  const { app, args } = given;
  const all = await run(app, args(), "always_on");
  expect(all.texts).toBeGreaterThan(0);
  expect(all.spans.length).toBeGreaterThan(0);
  const none = await run(app, args(), "always_off");
  expect(none).toEqual({ texts: 0, stdout: all.stdout, spans: [] });
});
