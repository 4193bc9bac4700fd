/**
 * Goal: the one import reaches the providers' SDKs and the MCP client, as ES modules and as
 * CommonJS. Method: real child processes, the SDK's own exporter, a receiver and providers in this
 * process. Older versions: `versions-processes.test.ts`.
 */
import { fileURLToPath } from "node:url";
import { OTEL } from "@spanledger/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AnthropicServer, startAnthropicServer } from "./anthropic-server.ts";
import { runApp } from "./child.ts";
import { type OtlpServer, receivedTree, startOtlpServer } from "./otlp-server.ts";

let anthropic: AnthropicServer;
let otlp: OtlpServer;

beforeAll(async () => {
  anthropic = await startAnthropicServer();
  otlp = await startOtlpServer();
});
afterAll(async () => {
  await anthropic.close();
  await otlp.close();
});

const REGISTER = import.meta.resolve("@spanledger/register");
const SERVER_PATH = fileURLToPath(new URL("apps/mcp-server.mjs", import.meta.url));
const environment = (): Record<string, string> => ({
  OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
  OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint,
});

test.each([
  { app: "providers-import.mjs", flags: [] },
  { app: "providers-esm.mjs", flags: ["--import", REGISTER] },
  { app: "providers-cjs.cjs", flags: ["--import", REGISTER] },
  { app: "providers-cjs.cjs", flags: ["--require", fileURLToPath(REGISTER)] },
])("$app with $flags.0 records the message, the stream and the tool", async ({ app, flags }) => {
  const args = [anthropic.baseUrl, SERVER_PATH];
  const ended = await runApp(app, args, { flags, environment: environment() });
  expect(ended).toMatchObject({ code: 0, stdout: "Hello 7 traced\n" });
  const spans = otlp.take();
  expect(receivedTree(spans)).toEqual(["chat claude-x", "chat claude-streams", "tools/call meta"]);
  const streamed = spans.find(({ name }) => name === "chat claude-streams");
  expect(streamed?.attributes[OTEL.genAiOutputMessages]).toContain('"content":"Hello"');
  expect(ended.stderr).toMatch(/spanledger: @modelcontextprotocol\/sdk 1\.\S+: patched/);
});

test("without us the same application says the same, and the server gets no context", async () => {
  const args = [anthropic.baseUrl, SERVER_PATH];
  const ended = await runApp("providers-esm.mjs", args, { environment: environment() });
  expect(ended).toMatchObject({ code: 0, stdout: "Hello 7 not traced\n", stderr: "" });
  expect(otlp.take()).toEqual([]);
});
