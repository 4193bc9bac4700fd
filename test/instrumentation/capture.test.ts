/**
 * Goal: SPANLEDGER_CAPTURE holds for every library. Method: the same application of each library as
 * a real process, at each level; the names and values that arrive.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CONTENT_ATTRIBUTES } from "@spanledger/schema";
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

const MCP_SERVER = fileURLToPath(new URL("apps/mcp-server.mjs", import.meta.url));

interface Outcome {
  readonly spans: readonly ReceivedSpan[];
  readonly stdout: string;
}

async function record(app: string, args: readonly string[], level: string): Promise<Outcome> {
  const { code, stdout } = await runApp(app, args, {
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OPENAI_BASE_URL: openai.baseUrl,
      SPANLEDGER_CAPTURE: level,
    },
  });
  expect(code).toBe(0);
  return { spans: otlp.take(), stdout };
}

const contentOf = ({ attributes }: ReceivedSpan): readonly string[] =>
  Object.keys(attributes).filter((name) => CONTENT_ATTRIBUTES.has(name));
const namesOf = ({ spans }: Outcome): readonly string[] => spans.map(({ name }) => name).toSorted();

interface Given {
  readonly libraries: string;
  readonly app: string;
  readonly args: () => readonly string[];
  readonly expected: readonly string[];
}

const JOBS: Given = {
  libraries: "HTTP servers and BullMQ",
  app: "jobs-import.mjs",
  args: () => [String(redis?.port)],
  expected: ["POST", "run_step welcome"],
};

test.each<Given>([
  ...(isMissing ? [] : [JOBS]),
  {
    libraries: "LangGraph, its tools and OpenAI",
    app: "esm-import.mjs",
    args: () => ["start", join(folder, "checkpoint.json"), openai.baseUrl],
    expected: ["chat gpt-x", "run_step classify", "execute_tool get_order"],
  },
  {
    libraries: "Anthropic and MCP",
    app: "providers-import.mjs",
    args: () => [anthropic.baseUrl, MCP_SERVER],
    expected: ["chat claude-x", "chat claude-streams", "tools/call meta"],
  },
  {
    libraries: "the AI SDK",
    app: "ai-sdk-esm.mjs",
    args: () => [],
    expected: ["chat gpt-x", "run_step answer"],
  },
  {
    libraries: "Mastra",
    app: "mastra-esm.mjs",
    args: () => [],
    expected: ["run_step classify", "run_step accept"],
  },
])("content of $libraries is recorded with full, none with metadata or none", async (given) => {
  const { app, args, expected } = given;
  const full = await record(app, args(), "full");
  for (const name of expected) {
    const span = full.spans.find((one) => one.name === name);
    expect(span === undefined ? [] : contentOf(span), name).not.toEqual([]);
  }
  for (const level of ["metadata", "none"]) {
    rmSync(join(folder, "checkpoint.json"), { force: true });
    const less = await record(app, args(), level);
    expect(less.spans.flatMap(contentOf)).toEqual([]);
    expect(namesOf(less)).toEqual(namesOf(full));
    expect(less.stdout).toBe(full.stdout);
  }
});
