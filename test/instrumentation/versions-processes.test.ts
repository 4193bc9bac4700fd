/**
 * Goal: the one import reaches the oldest version of every declared range, and the last one of each
 * older major, as ES modules and as CommonJS. Method: real child processes that have the library
 * under its own name in that version; the SDK's own exporter; stand-ins that speak the providers'
 * protocols, a real redis-server; a receiver in this process.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AnthropicServer, startAnthropicServer } from "./anthropic-server.ts";
import { runApp } from "./child.ts";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { type OtlpServer, receivedTree, startOtlpServer } from "./otlp-server.ts";
import { isRedisMissing, type Redis, startRedis } from "./redis.ts";
import { installVersions, type Versions } from "./versions.ts";

const REGISTER = import.meta.resolve("@spanledger/register");
const isMissing = isRedisMissing();

let anthropic: AnthropicServer;
let openai: OpenAIServer;
let otlp: OtlpServer;
let redis: Redis | undefined;

beforeAll(async () => {
  [anthropic, openai, otlp, redis] = await Promise.all([
    startAnthropicServer(),
    startOpenAIServer(),
    startOtlpServer(),
    isMissing ? undefined : startRedis(),
  ]);
});
afterAll(async () => {
  await Promise.all([anthropic.close(), openai.close(), otlp.close()]);
  await redis?.close();
});

/** An application: what it loads by which name, what it does with it, what comes of it. */
interface Application {
  /** Named exports by module. */
  readonly loads: Readonly<Record<string, readonly string[]>>;
  readonly does: string;
  readonly args: () => readonly string[];
  readonly says: string;
  readonly spans: readonly string[];
}

const inApps = (file: string): string =>
  JSON.stringify(fileURLToPath(new URL(`apps/${file}`, import.meta.url)));
const HELLO = "{ role: 'user', content: 'Hello' }";
const CLAUDE = `client.messages.create({ model: 'm', max_tokens: 9, messages: [${HELLO}] })
  .then((answer) => process.stdout.write(answer.id));`;

const OPENAI: Application = {
  loads: { openai: ["OpenAI"] },
  does: `new OpenAI({ apiKey: 'x', baseURL: process.argv[2] }).chat.completions
    .create({ model: 'm', messages: [${HELLO}] })
    .then((answer) => process.stdout.write(answer.id));`,
  args: () => [openai.baseUrl],
  says: "chatcmpl-1",
  spans: ["chat m"],
};

const ANTHROPIC: Application = {
  loads: { "@anthropic-ai/sdk": ["Anthropic"] },
  does: `const client = new Anthropic({ apiKey: 'x', baseURL: process.argv[2] });\n${CLAUDE}`,
  args: () => [anthropic.baseUrl],
  says: "msg_1",
  spans: ["chat m"],
};

const BEDROCK: Application = {
  ...ANTHROPIC,
  loads: { "@anthropic-ai/bedrock-sdk": ["AnthropicBedrock"] },
  does: `const client = new AnthropicBedrock({ awsRegion: 'us-east-1', awsAccessKey: 'AKIAX',
  awsSecretKey: 'x', baseURL: process.argv[2] });\n${CLAUDE}`,
};

const VERTEX: Application = {
  ...ANTHROPIC,
  loads: { "@anthropic-ai/vertex-sdk": ["AnthropicVertex"] },
  does: `const getRequestHeaders = async () => new Headers({ authorization: 'Bearer unused' });
const client = new AnthropicVertex({ region: 'r', projectId: 'p',
  authClient: { getRequestHeaders }, baseURL: process.argv[2] });\n${CLAUDE}`,
};

const LANGGRAPH: Application = {
  loads: {
    "@langchain/langgraph": "Annotation Command END interrupt MemorySaver START StateGraph".split(
      " ",
    ),
    "@langchain/core/tools": ["tool"],
    openai: ["OpenAI"],
    zod: ["z"],
    [inApps("refund-app.cjs")]: ["run"],
  },
  does: `const langgraph = { Annotation, Command, END, interrupt, MemorySaver, START, StateGraph };
run({ langgraph, tool, z, OpenAI }, [, , "start", process.argv[3], process.argv[2]]);`,
  args: () => [openai.baseUrl],
  says: '{"log":"get_order 7","questions":["Refund order 7?"]}\n',
  spans: [
    "invoke_workflow refund_flow",
    "  run_step classify",
    "    chat gpt-x",
    "  evaluate_branch routeByScore",
    "  run_step lookup",
    "  run_step lookup",
    "    execute_tool get_order",
    "  run_step approve",
  ],
};

const aiSdk = (model: string): Application => ({
  loads: { ai: ["generateText"], "ai/test": [model] },
  does: `const model = new ${model}({ provider: 'openai.chat', modelId: 'm',
  doGenerate: async () => ({ content: [{ type: 'text', text: 'Hello' }], warnings: [],
    finishReason: { unified: 'stop', raw: 'stop' },
    usage: { inputTokens: { total: 12 }, outputTokens: { total: 3 } } }) });
generateText({ model, prompt: 'Hi' }).then(({ text }) => process.stdout.write(text));`,
  args: () => [],
  says: "Hello",
  spans: ["chat m"],
});

const MASTRA: Application = {
  loads: {
    "@mastra/core/workflows": ["createStep", "createWorkflow"],
    zod: ["z"],
    [inApps("mastra-app.cjs")]: ["run"],
  },
  does: "run({ createStep, createWorkflow, z });",
  args: () => [],
  says: 'success {"accept":{"score":0.9}}\n',
  spans: [
    "invoke_workflow triage",
    "  run_step classify",
    "  evaluate_branch classify.branch",
    "  run_step accept",
  ],
};

const MCP: Application = {
  loads: {
    "@modelcontextprotocol/sdk/client/index.js": ["Client"],
    "@modelcontextprotocol/sdk/server/mcp.js": ["McpServer"],
    "@modelcontextprotocol/sdk/inMemory.js": ["InMemoryTransport"],
  },
  does: `const server = new McpServer({ name: 'orders', version: '1' });
server.tool('lookup', async () => ({ content: [{ type: 'text', text: 'order 7' }] }));
const [near, far] = InMemoryTransport.createLinkedPair();
const client = new Client({ name: 'app', version: '1' });
Promise.all([server.connect(far), client.connect(near)])
  .then(() => client.callTool({ name: 'lookup' }))
  .then(({ content }) => process.stdout.write(content[0].text));`,
  args: () => [],
  says: "order 7",
  spans: ["tools/call lookup"],
};

const BULLMQ: Application = {
  loads: {
    "node:http": ["createServer"],
    bullmq: ["Queue", "Worker"],
    [inApps("jobs-app.cjs")]: ["run"],
  },
  does: "run({ createServer, Queue, Worker }, process.argv);",
  args: () => [String(redis?.port)],
  says: 'failed first {"data":{"to":"a"}} 2 {"sent":"a"}\n',
  spans: [
    "POST",
    "  invoke_workflow mail.welcome",
    "    run_step welcome",
    "  invoke_workflow mail.welcome",
    "    run_step welcome",
  ],
};

const BEDROCK_SDK = "@anthropic-ai/bedrock-sdk";
const VERTEX_SDK = "@anthropic-ai/vertex-sdk";
const SDK = "@anthropic-ai/sdk";
const CORE = "@langchain/core";
const GRAPH = "@langchain/langgraph";
const CHECKPOINT = "@langchain/langgraph-checkpoint";

/** Library, version, what an application does with it, where the versions are. */
const CASES: readonly (readonly [string, string, Application, Record<string, string>])[] = [
  ["openai", "5.0.1", OPENAI, { openai: "openai-5" }],
  ["openai", "6.49.0", OPENAI, { openai: "openai-6" }],
  [SDK, "0.50.1", ANTHROPIC, { [SDK]: "@anthropic-ai/sdk-0.50" }],
  [SDK, "0.133.0", ANTHROPIC, { [SDK]: "@anthropic-ai/sdk-0.133" }],
  [SDK, "0.134.0", ANTHROPIC, { [SDK]: "@anthropic-ai/sdk-0.134" }],
  [
    SDK,
    "0.133.0",
    BEDROCK,
    { [SDK]: "@anthropic-ai/sdk-0.133", [BEDROCK_SDK]: "@anthropic-ai/bedrock-sdk-0.29" },
  ],
  [
    SDK,
    "0.133.0",
    VERTEX,
    { [SDK]: "@anthropic-ai/sdk-0.133", [VERTEX_SDK]: "@anthropic-ai/vertex-sdk-0.19" },
  ],
  [SDK, "1.14.0", BEDROCK, { [SDK]: SDK, [BEDROCK_SDK]: BEDROCK_SDK }],
  [
    GRAPH,
    "1.0.0",
    LANGGRAPH,
    {
      [GRAPH]: "@langchain/langgraph-1.0",
      [CORE]: "@langchain/core-1.0",
      [CHECKPOINT]: "@langchain/langgraph-checkpoint-1.0",
    },
  ],
  ["ai", "6.0.111", aiSdk("MockLanguageModelV3"), { ai: "ai-6.0.111" }],
  ["ai", "7.0.0", aiSdk("MockLanguageModelV4"), { ai: "ai-7.0" }],
  ["@mastra/core", "1.0.4", MASTRA, { "@mastra/core": "@mastra/core-1.0" }],
  [
    "@modelcontextprotocol/sdk",
    "1.8.0",
    MCP,
    { "@modelcontextprotocol/sdk": "@modelcontextprotocol/sdk-1.8" },
  ],
  ["bullmq", "5.0.0", BULLMQ, { bullmq: "bullmq-5.0" }],
  ["bullmq", "5.81.5", BULLMQ, { bullmq: "bullmq-5" }],
];

/** The provider that calls through a client of a platform go to. */
const PROVIDER: ReadonlyMap<Application, string> = new Map([
  [BEDROCK, "aws.bedrock"],
  [VERTEX, "gcp.vertex_ai"],
]);

function write({ folder }: Versions, { loads, does }: Application): void {
  const entries = Object.entries(loads).map(([name, exports]) => {
    const quoted = name.startsWith('"') ? name : JSON.stringify(name);
    return { quoted, names: `{ ${exports.join(", ")} }` };
  });
  const imports = entries.map(({ quoted, names }) => `import ${names} from ${quoted};`);
  const requires = entries.map(({ quoted, names }) => `const ${names} = require(${quoted});`);
  writeFileSync(join(folder, "esm.mjs"), [...imports, does].join("\n"));
  writeFileSync(
    join(folder, "first.mjs"),
    ['import "@spanledger/register";', ...imports, does].join("\n"),
  );
  writeFileSync(join(folder, "cjs.cjs"), [...requires, does].join("\n"));
}

describe.each(
  CASES.map(([name, version, application, aliases]) => {
    const [through = ""] = Object.keys(application.loads);
    const title = `${name} ${version}${PROVIDER.has(application) ? ` below ${through}` : ""}`;
    return { title, name, version, application, aliases };
  }),
)("$title", ({ name, version, application, aliases }) => {
  let versions: Versions;
  beforeAll(() => {
    versions = installVersions(aliases, Object.keys(aliases));
    write(versions, application);
  });
  afterAll(() => versions.remove());

  test.skipIf(application === BULLMQ && isMissing).each([
    { file: "first.mjs", flags: [] },
    { file: "cjs.cjs", flags: ["--require", fileURLToPath(REGISTER)] },
  ])("is recorded in $file", async ({ file, flags }) => {
    const environment = {
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint,
      SPANLEDGER_WORKFLOW_NAME: application === LANGGRAPH ? "refund_flow" : "",
    };
    const args = [...application.args(), join(versions.folder, `${file}.json`)];
    const ended = await runApp(join(versions.folder, file), args, { flags, environment });
    expect(ended).toMatchObject({ code: 0, stdout: application.says });
    expect(versions.versionOf(name)).toBe(version);
    expect(ended.stderr).toContain(`spanledger: ${name} ${version}: patched`);
    const spans = otlp.take();
    expect(receivedTree(spans)).toEqual(application.spans);
    const provider = PROVIDER.get(application);
    if (provider !== undefined) {
      expect(spans[0]?.attributes["gen_ai.provider.name"]).toBe(provider);
    }
  });
});
