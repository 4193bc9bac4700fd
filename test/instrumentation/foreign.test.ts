/**
 * Goal: an application that others have instrumented is as auditable as one of ours: its calls of
 * models, their content, runs, tools and errors stand in the same audit views.
 * Method: the same calls in processes below each instrumentation (the real packages, on OpenAI 6,
 * which all of them support), sent with OpenTelemetry's own exporters to a real server; the rows
 * are held against those of our own package. What a package does not say is named in `NOT_SENT`.
 */
import { type ClickHouseClient, createClient } from "@clickhouse/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { select } from "../fixtures/engine.ts";
import { type ServerProcess, startServerProcess } from "../fixtures/server.ts";
import { type AnthropicServer, startAnthropicServer } from "./anthropic-server.ts";
import { type Ended, runApp } from "./child.ts";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";

const BELOW_OPENAI = ["openinference", "traceloop", "opentelemetry"] as const;
const WITH_RUNS = ["openinference", "traceloop"] as const;

type Row = Readonly<Record<string, unknown>>;

/** What identifies a call, its model, its cost, and how it ended. */
const COLUMNS =
  "Operation, Provider, RequestModel, ResponseModel, InputTokens, OutputTokens, FinishReasons, " +
  "ErrorType, ErrorMessage";

const NO_USAGE = { InputTokens: 0, OutputTokens: 0 };
const NO_RESPONSE = { ...NO_USAGE, ResponseModel: "" };

/** By dialect and call (plain, tools, stream, embeddings, refused): what differs or is missing. */
const NOT_SENT: Readonly<Record<(typeof BELOW_OPENAI)[number], readonly (Row | undefined)[]>> = {
  // Neither tells of a call that failed.
  openinference: [{}, {}, NO_RESPONSE, NO_RESPONSE, undefined],
  traceloop: [{}, { FinishReasons: '["tool_call"]' }, NO_USAGE, undefined, undefined],
  opentelemetry: [{}, {}, {}, {}, {}],
};

let server: ServerProcess;
let openai: OpenAIServer;
let anthropic: AnthropicServer;
let client: ClickHouseClient;
const ended: Record<string, Ended> = {};

beforeAll(async () => {
  [server, openai, anthropic] = await Promise.all([
    startServerProcess(),
    startOpenAIServer(),
    startAnthropicServer(),
  ]);
  client = createClient({ url: server.clickhouseUrl, database: "spanledger" });
  const environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT: server.otlpHttpUrl,
    OPENAI_BASE_URL: openai.baseUrl,
    ANTHROPIC_BASE_URL: anthropic.baseUrl,
    ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE: "content",
  };
  for (const name of ["spanledger", ...BELOW_OPENAI]) {
    ended[name] = await runApp("foreign.cjs", [name], { environment });
  }
  for (const name of ["ai-sdk", "anthropic"]) {
    ended[name] = await runApp("foreign-own.mjs", [name], { environment });
  }
  await server.flush();
}, 180_000);

afterAll(async () => {
  await client.close();
  await Promise.all([server.remove(), openai.close(), anthropic.close()]);
});

/** Rows of a view from one application, in the order of their spans. */
async function rowsOf<T = Row>(
  application: string,
  view: string,
  columns = "*",
  more = "",
): Promise<readonly T[]> {
  return select<T>(
    client,
    `SELECT ${columns} FROM ${view} AS v
     WHERE (TraceId, SpanId) IN (
       SELECT TraceId, SpanId FROM spans WHERE ServiceName = '${application}'
     ) ${more} ORDER BY Timestamp`,
  );
}

async function spansOf(application: string): Promise<readonly Row[]> {
  const columns =
    "SpanName, SpanType, ParentSpanId, TraceId, RunId, WorkflowId, Result, SpanAttributes AS a";
  return select<Row>(
    client,
    `SELECT ${columns} FROM spans WHERE ServiceName = '${application}'
     ORDER BY Timestamp, SpanName`,
  );
}

/** Names and types, sorted: the clock of a root counts milliseconds, so that order may be lost. */
function namesOf(spans: readonly Row[]): readonly string[] {
  return spans.map(({ SpanName, SpanType }) => `${SpanType}: ${SpanName}`).toSorted();
}

/** Content by name, parsed, of the calls without anything above them. */
async function contentsOf(application: string, name: string): Promise<readonly unknown[]> {
  const rows = await rowsOf<{ Content: string }>(
    application,
    "audit_payloads",
    "Content",
    `AND Name = '${name}' AND RunId = ''`,
  );
  return rows.map(({ Content }) => JSON.parse(Content) as unknown);
}

test("all applications do the same", () => {
  for (const [name, { code, stderr, stdout }] of Object.entries(ended)) {
    expect({ name, code, stderr }).toEqual({ name, code: 0, stderr: "" });
    const first = stdout.split("|").slice(0, 2);
    if (stdout !== "") expect(first).toEqual(['{"label":"high"}', '{"id":7}']);
  }
});

describe.each(BELOW_OPENAI)("calls below %s", (dialect) => {
  test("are those of our own package, as far as they are sent", async () => {
    const own = await rowsOf("spanledger", "audit_ai_calls", COLUMNS);
    expect(own).toHaveLength(5);
    const expected = own.flatMap((row, index) => {
      const other = NOT_SENT[dialect][index];
      return other === undefined ? [] : [{ ...row, ...other }];
    });
    expect(await rowsOf(dialect, "audit_ai_calls", COLUMNS, "AND RunId = ''")).toEqual(expected);
  });

  test("have the same messages in their content", async () => {
    const own = await contentsOf("spanledger", "gen_ai.output.messages");
    const said = await contentsOf(dialect, "gen_ai.output.messages");
    const text = (reason: string, part: object): object => ({
      role: "assistant",
      parts: [part],
      finish_reason: reason,
    });
    const reason = dialect === "traceloop" ? "tool_call" : "tool_calls";
    expect(own).toEqual(
      [
        text("stop", { type: "text", content: '{"label":"high"}' }),
        text("tool_calls", {
          type: "tool_call",
          id: "call_1",
          name: "lookup",
          arguments: { id: 7 },
        }),
        text("stop", { type: "text", content: "Hello" }),
      ].map((message) => [message]),
    );
    const call = dialect === "opentelemetry" ? '{"id":7}' : { id: 7 };
    const index = dialect === "opentelemetry" ? { index: 0 } : {};
    expect(said).toEqual(
      [
        text("stop", { type: "text", content: '{"label":"high"}' }),
        text(reason, { type: "tool_call", id: "call_1", name: "lookup", arguments: call }),
        text("stop", { type: "text", content: "Hello" }),
      ].map((message) => [{ ...message, ...index }]),
    );
  });

  test("have the same questions in their content, redacted alike", async () => {
    const own = await contentsOf("spanledger", "gen_ai.input.messages");
    const said = await contentsOf(dialect, "gen_ai.input.messages");
    const last = (messages: unknown): unknown => (messages as unknown[]).at(-1);
    expect(JSON.stringify(last(own[0]))).toMatch(/Write to \[email:\w+\]/);
    for (const messages of said) expect(last(messages)).toEqual(last(own[0]));
    expect(said.length).toBeGreaterThanOrEqual(3);
  });
});

test("a call that failed is one error, where it is sent", async () => {
  const columns = "SpanType, SpanName, Type, Message";
  const own = await rowsOf("spanledger", "audit_errors", columns);
  expect(own).toHaveLength(1);
  expect(await rowsOf("opentelemetry", "audit_errors", columns)).toEqual(own);
  expect(await rowsOf("anthropic", "audit_errors", columns)).toMatchObject([
    { SpanType: "ai", SpanName: "chat claude-refused", Type: "invalid_request_error" },
  ]);
});

describe.each(WITH_RUNS)("a chain of %s", (dialect) => {
  test("is a run with the call and the tool in it", async () => {
    const runs = await select<Row>(
      client,
      `SELECT * FROM audit_runs WHERE ServiceName = '${dialect}'`,
    );
    expect(runs).toMatchObject([
      {
        WorkflowId: "refund",
        WorkflowName: "refund",
        Result: "success",
        Segments: 1,
        AiCalls: 1,
        InputTokens: 12,
        OutputTokens: 3,
        Tools: 1,
        Errors: 0,
      },
    ]);
    const [run] = runs;
    expect(run?.TraceIds).toEqual([run?.RunId]);
    const tree = (await spansOf(dialect)).filter(({ RunId }) => RunId === run?.RunId);
    expect(namesOf(tree)).toEqual([
      "ai: chat gpt-x",
      "run: invoke_workflow refund",
      "tool: execute_tool lookup",
    ]);
  });

  test("has the tool's arguments and result in its content", async () => {
    const rows = await rowsOf<{ Content: string }>(
      dialect,
      "audit_payloads",
      "Content",
      "AND SpanType = 'tool'",
    );
    const said = rows.map(({ Content }) => JSON.parse(Content) as unknown);
    const call = dialect === "traceloop" ? { args: [7], kwargs: {} } : 7;
    expect(said).toHaveLength(2);
    expect(said).toEqual(expect.arrayContaining([call, { order: 7 }]));
  });

  test("names what its attributes were called before", async () => {
    const tool = (await spansOf(dialect)).find(({ SpanType }) => SpanType === "tool");
    expect(tool?.a).toMatchObject({
      "spanledger.dialect": dialect,
      "spanledger.original_name": expect.stringMatching(/^lookup/),
      "spanledger.original_attribute_names":
        dialect === "traceloop"
          ? '["traceloop.entity.input","traceloop.entity.output"]'
          : '["input.value","output.value"]',
    });
  });
});

describe("the AI SDK's own spans", () => {
  test("are runs, calls and tools", async () => {
    const spans = await spansOf("ai-sdk");
    const runs = spans.filter(({ ParentSpanId }) => ParentSpanId === "");
    expect(namesOf(runs)).toEqual(Array.from({ length: 4 }, () => "run: invoke_workflow refund"));
    expect(runs.map(({ Result }) => Result).toSorted()).toEqual([
      "failure",
      "success",
      "success",
      "success",
    ]);
    const tool = spans.find(({ SpanType }) => SpanType === "tool");
    expect(namesOf(spans.filter(({ TraceId }) => TraceId === tool?.TraceId))).toEqual([
      "ai: chat gpt-x",
      "ai: chat gpt-x",
      "run: invoke_workflow refund",
      "tool: execute_tool lookup",
    ]);
    for (const { RunId, TraceId } of spans) expect(RunId).toBe(TraceId);
  });

  test("count their tokens once", async () => {
    const runs = await select<Row>(
      client,
      `SELECT AiCalls, InputTokens, OutputTokens FROM audit_runs
       WHERE ServiceName = 'ai-sdk' ORDER BY InputTokens`,
    );
    expect(runs).toEqual([
      { AiCalls: 1, InputTokens: 0, OutputTokens: 0 },
      { AiCalls: 1, InputTokens: 4, OutputTokens: 0 },
      { AiCalls: 1, InputTokens: 12, OutputTokens: 3 },
      { AiCalls: 2, InputTokens: 24, OutputTokens: 6 },
    ]);
  });

  test("have the provider, the finish reasons and the messages of the conventions", async () => {
    const calls = await rowsOf("ai-sdk", "audit_ai_calls", COLUMNS);
    expect(calls[0]).toEqual({
      Operation: "chat",
      Provider: "openai",
      RequestModel: "gpt-x",
      ResponseModel: "gpt-x",
      InputTokens: 12,
      OutputTokens: 3,
      FinishReasons: '["tool_call"]',
      ErrorType: "",
      ErrorMessage: "",
    });
    expect(calls.at(-1)).toMatchObject({ Operation: "embeddings", RequestModel: "embed-x" });
    const rows = await rowsOf<{ Name: string; Content: string }>(
      "ai-sdk",
      "audit_payloads",
      "Name, Content",
      "AND SpanType IN ('ai', 'tool')",
    );
    const last = (name: string): unknown =>
      JSON.parse(rows.filter(({ Name }) => Name === name)[1]?.Content ?? "null");
    expect(last("gen_ai.input.messages")).toMatchObject([
      { role: "user", parts: [{ type: "text", content: expect.stringContaining("[email:") }] },
      {
        role: "assistant",
        parts: [{ type: "tool_call", id: "call_1", name: "lookup", arguments: { id: 7 } }],
      },
      {
        role: "tool",
        parts: [{ type: "tool_call_response", id: "call_1", response: { order: 7 } }],
      },
    ]);
    expect(last("gen_ai.output.messages")).toEqual([
      { role: "assistant", parts: [{ type: "text", content: "Hello" }], finish_reason: "stop" },
    ]);
    expect(last("gen_ai.system_instructions")).toEqual([{ type: "text", content: "Be brief" }]);
    expect(rows.map(({ Name, Content }) => [Name, Content])).toEqual(
      expect.arrayContaining([
        ["gen_ai.tool.call.arguments", '{"id":7}'],
        ["gen_ai.tool.call.result", '{"order":7}'],
      ]),
    );
  });
});

describe("Anthropic's own spans", () => {
  test("have the names that our span processor gives them in the application", async () => {
    const spans = await spansOf("anthropic");
    expect(namesOf(spans)).toEqual([
      "ai: chat claude-refused",
      "ai: chat claude-x",
      "ai: chat claude-x",
      "ai: chat claude-x",
      "ai: invoke_agent",
      "tool: execute_tool lookup",
    ]);
    const agent = spans.filter(({ RunId, TraceId }) => RunId === TraceId);
    expect(agent).toHaveLength(4);
  });

  test("have finish reasons, and the tool's result among the content", async () => {
    const calls = await rowsOf("anthropic", "audit_ai_calls", COLUMNS);
    expect(calls.map(({ FinishReasons }) => FinishReasons).toSorted()).toEqual([
      "",
      "",
      '["stop"]',
      '["stop"]',
      '["tool_call"]',
    ]);
    const rows = await rowsOf<{ Name: string; Content: string }>(
      "anthropic",
      "audit_payloads",
      "Name, Content",
    );
    const contents = rows.map(({ Name, Content }) => [Name, Content]);
    expect(contents).toContainEqual([
      "gen_ai.tool.call.result",
      expect.stringContaining('{\\"order\\":7}'),
    ]);
    const answers = rows.filter(({ Name }) => Name === "gen_ai.output.messages");
    expect(JSON.parse(answers[0]?.Content ?? "")).toEqual([
      { role: "assistant", parts: [{ type: "text", content: "Hello" }], finish_reason: "stop" },
    ]);
  });
});

test("no application's content is stored in clear text", async () => {
  const rows = await select<Row>(
    client,
    `SELECT count() AS Rows FROM (
       SELECT toString(SpanAttributes) AS Text FROM spans UNION ALL SELECT Content FROM payloads
     ) WHERE position(Text, 'anna@') > 0`,
  );
  expect(rows).toEqual([{ Rows: 0 }]);
});
