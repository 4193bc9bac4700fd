/**
 * Goal: each instrumentation works in an SDK that the application starts itself, without the one
 * import, and in a bundle, where no import hook sees the library. Method: one application with all
 * libraries as a real process, as it is and as one file of a real bundler; what it recorded.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AnthropicServer, startAnthropicServer } from "./anthropic-server.ts";
import { runApp } from "./child.ts";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { isRedisMissing, type Redis, startRedis } from "./redis.ts";

/** Longest time that the bundler may take for every library at once, in milliseconds. */
const BUNDLE_TIME_MAX_MS = 120_000;

const APP = fileURLToPath(new URL("apps/own-sdk.cjs", import.meta.url));
const isMissing = isRedisMissing();
let anthropic: AnthropicServer;
let openai: OpenAIServer;
let redis: Redis | undefined;
let folder: string;
let bundle: string;

beforeAll(async () => {
  anthropic = await startAnthropicServer();
  openai = await startOpenAIServer();
  if (!isMissing) redis = await startRedis();
  folder = mkdtempSync(join(tmpdir(), "spanledger-"));
  bundle = join(folder, "bundle.cjs");
  await build({
    input: APP,
    platform: "node",
    resolve: { conditionNames: ["@spanledger/source", "node"] },
    output: { file: bundle, format: "cjs", codeSplitting: false },
    logLevel: "silent",
  });
}, BUNDLE_TIME_MAX_MS);
afterAll(async () => {
  await Promise.all([anthropic.close(), openai.close(), redis?.close()]);
  rmSync(folder, { recursive: true });
});

const LIBRARIES: readonly {
  readonly name: string;
  readonly argument?: () => string;
  readonly spans: string;
  /** What there is where nobody is told of the library. */
  readonly untold?: string;
}[] = [
  { name: "langgraph", spans: "invoke_workflow sum\n  run_step add\n" },
  { name: "langchain", spans: "execute_tool lookup\n" },
  { name: "openai", argument: () => openai.baseUrl, spans: "chat gpt-x\n" },
  {
    name: "anthropic",
    argument: () => anthropic.baseUrl,
    spans: "chat claude-x\n",
    // It records itself.
    untold: "chat claude-x\n",
  },
  {
    name: "openai-agents",
    argument: () => openai.baseUrl,
    // Alone, without the instrumentation of `openai`, it knows the model that answered.
    spans: "invoke_workflow helper\n  run_step helper\n    chat gpt-x-2026\n",
  },
  { name: "mcp", spans: "tools/call lookup\n" },
  { name: "mastra", spans: "invoke_workflow triage\n  run_step classify\n" },
  {
    name: "ai-sdk",
    argument: () => openai.baseUrl,
    spans: "chat gpt-x\n",
    // It asks a list that does not depend on how it was loaded.
    untold: "chat gpt-x\n",
  },
  { name: "http", spans: "GET\n", untold: "GET\n" },
  ...(isMissing
    ? []
    : [
        {
          name: "bullmq",
          argument: () => String(redis?.port),
          spans: "invoke_workflow mail.welcome\n  run_step welcome\n",
        },
      ]),
];

describe.each(LIBRARIES)("an SDK of the application's own with $name", (library) => {
  // Where it is "test", the Agents SDK switches off the tracing that tells of its agents.
  const environment = { NODE_ENV: "production" };
  const run = (app: string, how: string) =>
    runApp(app, [library.name, how, library.argument?.() ?? ""], { environment });

  test("records it through the hooks", async () => {
    expect(await run(APP, "hooks")).toMatchObject({ code: 0, stdout: library.spans, stderr: "" });
  });

  test("records it in a bundle that hands over its exports", async () => {
    expect(await run(bundle, "manual")).toMatchObject({
      code: 0,
      stdout: library.spans,
      stderr: "",
    });
  });

  test("sees nothing of it in a bundle that does not", async () => {
    expect(await run(bundle, "hooks")).toMatchObject({ code: 0, stdout: library.untold ?? "" });
  });
});

const PRELOAD = new URL("apps/own-sdk-preload.mjs", import.meta.url).href;
const MCP_SERVER = fileURLToPath(new URL("apps/mcp-server.mjs", import.meta.url));

test.each([
  {
    libraries: "LangGraph and openai",
    app: "esm-plain.mjs",
    args: () => ["start", join(folder, "checkpoint.json"), openai.baseUrl],
    spans: ["run_step classify", "chat gpt-x", "execute_tool get_order"],
  },
  {
    libraries: "Anthropic and MCP",
    app: "providers-esm.mjs",
    args: () => [anthropic.baseUrl, MCP_SERVER],
    spans: ["chat claude-x", "tools/call meta"],
  },
  {
    libraries: "the Agents SDK",
    app: "agents-esm.mjs",
    args: () => [openai.baseUrl],
    spans: ["run_step helper", "chat gpt-agent", "execute_tool lookup"],
  },
  {
    libraries: "Mastra",
    app: "mastra-plain.mjs",
    args: () => [],
    spans: ["invoke_workflow triage", "run_step classify", "run_step accept"],
  },
  ...(isMissing
    ? []
    : [
        {
          libraries: "BullMQ",
          app: "jobs-esm.mjs",
          args: () => [String(redis?.port)],
          spans: ["invoke_workflow mail.welcome", "run_step welcome"],
        },
      ]),
])("with OpenTelemetry's hook it records ES modules of $libraries", async (given) => {
  const environment = { NODE_ENV: "production" };
  const ended = await runApp(given.app, given.args(), {
    flags: ["--import", PRELOAD],
    environment,
  });
  expect(ended.code).toBe(0);
  for (const name of given.spans) expect(ended.stderr.split("\n")).toContain(name);
});
