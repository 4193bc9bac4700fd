/**
 * Goal: the one import records applications of the OpenAI Agents SDK, as ES modules and as CommonJS,
 * and they say the same with it and without. Method: real child processes; the SDK's own exporter; a
 * receiver and a provider in this process.
 */
import { fileURLToPath } from "node:url";
import { CONTENT_ATTRIBUTES } from "@spanledger/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runApp } from "./child.ts";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { type OtlpServer, receivedTree, startOtlpServer } from "./otlp-server.ts";

let openai: OpenAIServer;
let otlp: OtlpServer;
beforeAll(async () => {
  openai = await startOpenAIServer();
  otlp = await startOtlpServer();
});
afterAll(async () => {
  await openai.close();
  await otlp.close();
});

const REGISTER = import.meta.resolve("@spanledger/register");

function run(app: string, flags: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const environment = {
    NODE_ENV: "production",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint,
    ...more,
  };
  return runApp(app, [openai.baseUrl], { flags, environment });
}

test.each([
  { app: "agents-import.mjs", flags: [] },
  { app: "agents-esm.mjs", flags: ["--import", REGISTER] },
  { app: "agents-cjs.cjs", flags: ["--import", REGISTER] },
  { app: "agents-cjs.cjs", flags: ["--require", fileURLToPath(REGISTER)] },
])("$app with $flags.0 is recorded", async ({ app, flags }) => {
  const ended = await run(app, flags);
  expect(ended).toMatchObject({ code: 0, stdout: "Hello\n" });
  expect(ended.stderr).toMatch(/spanledger: @openai\/agents-core \d\S+(?: of \S+)?: patched/);
  expect(receivedTree(otlp.take())).toEqual([
    "invoke_workflow helper",
    "  run_step helper",
    "    chat gpt-agent",
    "    execute_tool lookup",
    "    chat gpt-agent",
  ]);
});

test("without us the application says the same", async () => {
  expect(await run("agents-esm.mjs", [])).toMatchObject({ code: 0, stdout: "Hello\n", stderr: "" });
  expect(otlp.take()).toEqual([]);
});

test("content is recorded with full, none of it with metadata", async () => {
  const contents = async (SPANLEDGER_CAPTURE: string): Promise<readonly string[]> => {
    await run("agents-import.mjs", [], { SPANLEDGER_CAPTURE });
    const names = otlp.take().flatMap(({ attributes }) => Object.keys(attributes));
    return names.filter((name) => CONTENT_ATTRIBUTES.has(name));
  };
  expect(await contents("full")).not.toEqual([]);
  expect(await contents("metadata")).toEqual([]);
});
