/**
 * Goal: the one import reaches every supported version of the providers' SDKs and of the MCP
 * client, as ES modules and as CommonJS. Method: real child processes with the packages under their
 * own names; the SDK's own exporter; a receiver and providers in this process.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AnthropicServer, startAnthropicServer } from "./anthropic-server.ts";
import { runApp } from "./child.ts";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { type OtlpServer, receivedTree, startOtlpServer } from "./otlp-server.ts";

let anthropic: AnthropicServer;
let openai: OpenAIServer;
let otlp: OtlpServer;
let folder: string;

beforeAll(async () => {
  anthropic = await startAnthropicServer();
  openai = await startOpenAIServer();
  otlp = await startOtlpServer();
  folder = mkdtempSync(join(tmpdir(), "spanledger-"));
  // What the copied packages depend on.
  symlinkSync(NODE_MODULES, join(folder, "node_modules"));
});
afterAll(async () => {
  await anthropic.close();
  await openai.close();
  await otlp.close();
  rmSync(folder, { recursive: true });
});

const NODE_MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));
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
])("$app with $flags.0 records the message and the tool", async ({ app, flags }) => {
  const args = [anthropic.baseUrl, SERVER_PATH];
  const ended = await runApp(app, args, { flags, environment: environment() });
  expect(ended).toMatchObject({ code: 0, stdout: "Hello traced\n" });
  expect(receivedTree(otlp.take())).toEqual(["chat claude-x", "tools/call meta"]);
  expect(ended.stderr).toMatch(/spanledger: @modelcontextprotocol\/sdk 1\.\S+: patched/);
});

test("without us the same application says the same, and the server gets no context", async () => {
  const args = [anthropic.baseUrl, SERVER_PATH];
  const ended = await runApp("providers-esm.mjs", args, { environment: environment() });
  expect(ended).toMatchObject({ code: 0, stdout: "Hello not traced\n", stderr: "" });
  expect(otlp.take()).toEqual([]);
});

describe.each([
  { name: "openai", alias: "openai-5", version: "5.0.1" },
  { name: "openai", alias: "openai-6", version: "6.49.0" },
  { name: "@anthropic-ai/sdk", alias: "@anthropic-ai/sdk-0.133", version: "0.133.0" },
])("$name $version under its own name", ({ name, alias, version }) => {
  const call =
    name === "openai"
      ? "new Class({ apiKey: 'x', baseURL }).chat.completions.create({ model: 'm', messages })"
      : "new Class({ apiKey: 'x', baseURL }).messages.create({ model: 'm', max_tokens: 9, messages })";
  const rest = `
const baseURL = process.argv[2];
const messages = [{ role: 'user', content: 'Hello' }];
${call}.then((answer) => process.stdout.write(answer.id));
`;
  let app: string;
  beforeAll(() => {
    app = join(folder, alias.replace("/", "-"));
    const installed = join(app, "node_modules", name);
    mkdirSync(dirname(installed), { recursive: true });
    const skipped = /\.(?:map|ts|mts)$/;
    const filter = (path: string): boolean => !skipped.test(path);
    cpSync(join(NODE_MODULES, alias), installed, { recursive: true, filter });
    writeFileSync(join(app, "esm.mjs"), `import Class from "${name}";${rest}`);
    writeFileSync(join(app, "cjs.cjs"), `const { default: Class } = require("${name}");${rest}`);
  });

  test.each([
    { file: "esm.mjs", flag: "--import", register: REGISTER },
    { file: "cjs.cjs", flag: "--import", register: REGISTER },
    { file: "cjs.cjs", flag: "--require", register: fileURLToPath(REGISTER) },
  ])("$file with $flag is patched", async ({ file, flag, register }) => {
    const url = name === "openai" ? openai.baseUrl : anthropic.baseUrl;
    const options = { flags: [flag, register], environment: environment() };
    const ended = await runApp(join(app, file), [url], options);
    expect(ended.code).toBe(0);
    expect(receivedTree(otlp.take())).toEqual(["chat m"]);
    expect(ended.stderr).toContain(`spanledger: ${name} ${version}: patched`);
  });
});
