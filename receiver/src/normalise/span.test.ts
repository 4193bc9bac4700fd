/**
 * Goal: spans of every dialect get our names; nothing of them is lost, nothing is invented, nothing
 * hostile breaks it; and spans of ours stay the very objects that they were.
 * Method: spans as those packages send them, those that no test can run from their documentation and
 * source; results held whole. Real packages: `test/instrumentation/foreign.test.ts`.
 */
import { expect, test } from "vitest";
import { attributeText } from "../base/attribute-text.ts";
import type { AttributeValue, DecodedSpan, SpanEvent } from "../base/records.ts";
import { normaliseSpan } from "./span.ts";

const TRACE_ID = "5b8efff798038103d269b633813fc60c";

function span(
  attributes: Readonly<Record<string, AttributeValue>>,
  more: Partial<DecodedSpan> = {},
): DecodedSpan {
  return {
    traceId: TRACE_ID,
    spanId: "eee19b7ec3c1b174",
    parentSpanId: "",
    traceState: "",
    name: "original",
    kind: "Internal",
    startNs: 1n,
    endNs: 2n,
    attributes: new Map(Object.entries(attributes)),
    events: [],
    links: [],
    statusCode: "Unset",
    statusMessage: "",
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    flags: 0,
    resource: { attributes: new Map() },
    scope: { name: "test", version: "", attributes: new Map() },
    ...more,
  };
}

const CHILD = { parentSpanId: "aaaaaaaaaaaaaaaa" };

/** Name and attributes as they are stored, JSON parsed; without what they were called before. */
function normalised(
  attributes: Readonly<Record<string, AttributeValue>>,
  more: Partial<DecodedSpan> = {},
): Record<string, unknown> {
  const result = normaliseSpan(span(attributes, more));
  const entries = [...result.attributes].map(([key, value]) => [key, plain(value)] as const);
  const { "spanledger.original_attribute_names": _, ...rest } = Object.fromEntries(entries);
  return { name: result.name, ...rest };
}

function plain(value: AttributeValue): unknown {
  if (typeof value !== "object" || value === null) return value;
  return JSON.parse(attributeText(value)) as unknown;
}

function event(name: string, attributes: Readonly<Record<string, AttributeValue>>): SpanEvent {
  return { timeNs: 5n, name, attributes: new Map(Object.entries(attributes)) };
}

test("a span in our names is the same object, also below a scope of anybody", () => {
  const own = span(
    { "gen_ai.operation.name": "chat", "gen_ai.prompt.name": "greeting", "airline.name": "x" },
    { events: [event("exception", { "exception.type": "E" })] },
  );
  expect(normaliseSpan(own)).toBe(own);
});

test("older names of the conventions are those of today, and what they were is kept", () => {
  const { attributes, name } = normaliseSpan(
    span({
      "gen_ai.system": "az.ai.openai",
      "gen_ai.operation.name": "chat",
      "gen_ai.usage.prompt_tokens": 7n,
      "gen_ai.usage.completion_tokens": 2n,
      "gen_ai.usage.cache_creation.input_tokens": 1n,
      "gen_ai.response.finish_reasons": '["stop"]',
      "enduser.id": "u1",
    }),
  );
  expect(name).toBe("original");
  expect(Object.fromEntries(attributes)).toEqual({
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "azure.ai.openai",
    "user.id": "u1",
    "gen_ai.usage.input_tokens": 7n,
    "gen_ai.usage.output_tokens": 2n,
    "gen_ai.usage.cache_write.input_tokens": 1n,
    "gen_ai.response.finish_reasons": ["stop"],
    "spanledger.original_attribute_names": [
      "gen_ai.system",
      "enduser.id",
      "gen_ai.usage.prompt_tokens",
      "gen_ai.usage.completion_tokens",
      "gen_ai.usage.cache_creation.input_tokens",
      "gen_ai.response.finish_reasons",
    ],
  });
});

test("a name of today that is there already is not overwritten, and the older one stays", () => {
  expect(
    normalised({ "gen_ai.system": "openai", "gen_ai.provider.name": "azure.ai.openai" }),
  ).toEqual({
    name: "original",
    "gen_ai.system": "openai",
    "gen_ai.provider.name": "azure.ai.openai",
  });
});

test("a call of Traceloop before 0.20, spread over attributes, has messages", () => {
  expect(
    normalised(
      {
        "gen_ai.system": "OpenAI",
        "llm.request.type": "chat",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.prompt.1.role": "assistant",
        "gen_ai.prompt.1.tool_calls.0.id": "c1",
        "gen_ai.prompt.1.tool_calls.0.name": "lookup",
        "gen_ai.prompt.1.tool_calls.0.arguments": '{"id":7}',
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": '[{"type":"text","text":"Hi"}]',
        "gen_ai.prompt.2.role": "tool",
        "gen_ai.prompt.2.content": "42",
        "gen_ai.prompt.2.tool_call_id": "c1",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": '{"label":"high"}',
        "gen_ai.completion.0.finish_reason": "stop",
        "llm.request.functions.0.name": "lookup",
        "llm.request.functions.0.parameters": '{"type":"object"}',
        "llm.usage.total_tokens": 9n,
        "traceloop.workflow.name": "refund",
      },
      { ...CHILD, name: "openai.chat" },
    ),
  ).toEqual({
    name: "chat gpt-x",
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-x",
    "gen_ai.input.messages": [
      { role: "user", parts: [{ type: "text", content: "Hi" }] },
      {
        role: "assistant",
        parts: [{ type: "tool_call", id: "c1", name: "lookup", arguments: { id: 7 } }],
      },
      { role: "tool", parts: [{ type: "tool_call_response", id: "c1", response: "42" }] },
    ],
    "gen_ai.output.messages": [
      {
        role: "assistant",
        parts: [{ type: "text", content: '{"label":"high"}' }],
        finish_reason: "stop",
      },
    ],
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.tool.definitions": [
      { type: "function", name: "lookup", parameters: { type: "object" } },
    ],
    "llm.request.type": "chat",
    "llm.usage.total_tokens": 9n,
    "traceloop.workflow.name": "refund",
    "workflow.id": "refund",
    "workflow.run.id": TRACE_ID,
    "spanledger.dialect": "traceloop",
    "spanledger.original_name": "openai.chat",
  });
});

test.each<[string, Record<string, AttributeValue>, Partial<DecodedSpan>, object]>([
  [
    "a workflow of Traceloop is a run, also below a request",
    { "traceloop.span.kind": "workflow", "traceloop.workflow.name": "refund" },
    { ...CHILD, statusCode: "Error" },
    { name: "invoke_workflow refund", "workflow.run.result": "failure" },
  ],
  [
    "a task of Traceloop is a step",
    { "traceloop.span.kind": "task", "traceloop.entity.name": "classify" },
    CHILD,
    { name: "run_step classify", "workflow.step.result": "success" },
  ],
  [
    "a root agent of OpenInference is a run",
    { "openinference.span.kind": "AGENT", "session.id": "s1" },
    {},
    { name: "invoke_workflow original", "gen_ai.conversation.id": "s1" },
  ],
  [
    "a chain of OpenInference below another process is a run of its own",
    { "openinference.span.kind": "CHAIN" },
    { ...CHILD, flags: 0x301 },
    { name: "invoke_workflow original", "workflow.run.id": TRACE_ID },
  ],
  [
    "a chain of OpenInference below a span of its process is a step",
    { "openinference.span.kind": "CHAIN", "input.value": "in", "output.value": "out" },
    { ...CHILD, flags: 0x101 },
    {
      name: "run_step original",
      "workflow.step.name": "original",
      "workflow.step.input": "in",
      "workflow.step.output": "out",
    },
  ],
  [
    "a retriever of OpenInference is a step, and its documents are content",
    {
      "openinference.span.kind": "RETRIEVER",
      "retrieval.documents.0.document.content": "a",
      "retrieval.documents.0.document.score": 0.5,
    },
    CHILD,
    {
      name: "run_step original",
      "spanledger.original_content": {
        "retrieval.documents.0.document.content": "a",
        "retrieval.documents.0.document.score": 0.5,
      },
    },
  ],
  [
    "a generation of the AI SDK below a request is a run",
    { "ai.operationId": "ai.generateText", "ai.telemetry.functionId": "refund" },
    CHILD,
    { name: "invoke_workflow refund", "workflow.run.id": TRACE_ID },
  ],
  [
    "a generation of the AI SDK in a run of ours is a step of it",
    { "ai.operationId": "ai.generateText", "workflow.run.id": "01RUN" },
    CHILD,
    { name: "run_step ai.generateText", "workflow.run.id": "01RUN" },
  ],
  [
    "a workflow of Traceloop in a run of ours is a step of it",
    { "traceloop.span.kind": "workflow", "workflow.run.id": "01RUN" },
    CHILD,
    { name: "run_step original", "workflow.run.id": "01RUN" },
  ],
  [
    "a run id that is there is kept",
    { "openinference.span.kind": "CHAIN", "workflow.run.id": "01RUN" },
    {},
    { "workflow.run.id": "01RUN" },
  ],
  [
    "a workflow of Mastra is a run of that engine",
    { "mastra.span.type": "workflow_run", "gen_ai.operation.name": "invoke_workflow" },
    { name: "invoke_workflow refund" },
    { name: "invoke_workflow refund", "workflow.engine": "mastra", "workflow.id": "refund" },
  ],
  [
    "a step of Mastra is a step, its input and output are content",
    {
      "mastra.span.type": "workflow_step",
      "gen_ai.operation.name": "workflow_step",
      "mastra.workflow_step.input": '{"a":1}',
      "mastra.workflow_step.output": '{"b":2}',
    },
    { ...CHILD, name: "workflow_step classify" },
    {
      name: "run_step classify",
      "workflow.step.input": '{"a":1}',
      "workflow.step.output": '{"b":2}',
    },
  ],
  [
    "a call of Mastra stays a call, in the run of its trace",
    {
      "mastra.span.type": "model_generation",
      "gen_ai.operation.name": "chat",
      "gen_ai.response.finish_reasons": '["stop"]',
    },
    { ...CHILD, name: "chat gpt-x" },
    {
      name: "chat gpt-x",
      "gen_ai.operation.name": "chat",
      "workflow.run.id": TRACE_ID,
      "gen_ai.response.finish_reasons": ["stop"],
    },
  ],
])("%s", (_, attributes, more, expected) => {
  expect(normalised(attributes, more)).toMatchObject(expected);
});

test("the call of a model that is a root has no run", () => {
  const attributes = { "openinference.span.kind": "LLM", "llm.model_name": "gpt-x" };
  expect(normaliseSpan(span(attributes)).attributes.has("workflow.run.id")).toBe(false);
});

test("annotations of OpenInference on a span of the AI SDK do not count its call twice", () => {
  const result = normalised({
    "openinference.span.kind": "LLM",
    "llm.model_name": "gpt-x",
    "llm.token_count.prompt": 12n,
    "ai.operationId": "ai.generateText.doGenerate",
    "ai.usage.inputTokens": 12n,
    "ai.prompt.messages": '[{"role":"user","content":"Hi"}]',
  });
  expect(result).toMatchObject({
    name: "chat gpt-x",
    "gen_ai.usage.input_tokens": 12n,
    "ai.usage.inputTokens": 12n,
    "spanledger.dialect": "openinference,ai-sdk",
    "spanledger.original_content": { "ai.prompt.messages": '[{"role":"user","content":"Hi"}]' },
  });
});

test("content of span events becomes attributes, and the events stay without it", () => {
  const result = normaliseSpan(
    span(
      { "gen_ai.operation.name": "chat" },
      {
        events: [
          event("gen_ai.system.message", { content: "Be brief", "gen_ai.system": "openai" }),
          event("gen_ai.user.message", { content: "Hi", role: "user" }),
          event("gen_ai.user.message", { "gen_ai.event.content": '{"content":"again"}' }),
          event("gen_ai.choice", {
            index: 0n,
            finish_reason: "stop",
            message: '{"role":"assistant","content":"Hello"}',
          }),
          event("gen_ai.unheard", { said: "what" }),
          event("exception", { "exception.message": "late" }),
        ],
      },
    ),
  );
  expect(result.events.map(({ name, attributes }) => [name, ...attributes.keys()])).toEqual([
    ["gen_ai.system.message", "gen_ai.system"],
    ["gen_ai.user.message"],
    ["gen_ai.user.message"],
    ["gen_ai.choice"],
    ["gen_ai.unheard"],
    ["exception", "exception.message"],
  ]);
  const content = (name: string): unknown => plain(result.attributes.get(name) ?? null);
  expect(content("gen_ai.system_instructions")).toEqual([{ type: "text", content: "Be brief" }]);
  expect(content("gen_ai.input.messages")).toEqual([
    { role: "user", parts: [{ type: "text", content: "Hi" }] },
    { role: "user", parts: [{ type: "text", content: "again" }] },
  ]);
  expect(content("gen_ai.output.messages")).toEqual([
    {
      role: "assistant",
      parts: [{ type: "text", content: "Hello" }],
      index: 0,
      finish_reason: "stop",
    },
  ]);
  expect(content("spanledger.original_content")).toEqual({
    events: [{ event: "gen_ai.unheard", said: "what" }],
  });
});

test("an event with the content of the whole call has it by its names", () => {
  const messages = '[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]';
  const details = "gen_ai.client.inference.operation.details";
  const result = normalised(
    {},
    { events: [event(details, { "gen_ai.input.messages": messages })] },
  );
  expect(result["gen_ai.input.messages"]).toEqual(JSON.parse(messages));
});

test("a prompt and a completion in events of their own are content", () => {
  const result = normalised(
    {},
    {
      events: [
        event("gen_ai.content.prompt", { "gen_ai.prompt": "Hi" }),
        event("gen_ai.content.completion", { "gen_ai.completion": "Hello" }),
      ],
    },
  );
  expect(result).toMatchObject({
    "gen_ai.input.messages": "Hi",
    "gen_ai.output.messages": "Hello",
  });
});

test.each([
  ["a text that is no JSON", "{bad"],
  ["JSON that is nested too deep", `${"[".repeat(33)}${"]".repeat(33)}`],
  ["JSON of too many values", `[${"0,".repeat(65_536)}0]`],
  ["a number", 5n],
  ["nothing", null],
  ["bytes", new Uint8Array([1])],
  ["a map", new Map([["0", "x"]])],
])("%s where messages are expected is kept as it is", (_, value) => {
  const result = normaliseSpan(
    span({ "ai.operationId": "ai.streamText.doStream", "ai.prompt.messages": value }),
  );
  const content = result.attributes.get("spanledger.original_content");
  expect(content).toEqual(new Map([["ai.prompt.messages", value]]));
  expect(result.attributes.has("gen_ai.input.messages")).toBe(false);
});

test("all texts of a span together become a bounded number of values, the rest stays text", () => {
  const calls = Array.from({ length: 20 }, (_, at): [string, AttributeValue] => [
    `llm.output_messages.0.message.tool_calls.${at}.tool_call.function.arguments`,
    `[${"0,".repeat(5_000)}0]`,
  ]);
  const attributes = { "openinference.span.kind": "LLM", ...Object.fromEntries(calls) };
  for (const _ of ["one span", "the next"]) {
    const [message] = normalised(attributes)["gen_ai.output.messages"] as [
      { parts: { arguments: unknown }[] },
    ];
    const read = message.parts.filter((part) => Array.isArray(part.arguments));
    expect(read).toHaveLength(13);
    expect(message.parts).toHaveLength(20);
  }
});

test("an integer in a tool's arguments keeps every digit", () => {
  const result = normaliseSpan(
    span({
      "ai.operationId": "ai.generateText.doGenerate",
      "ai.response.toolCalls": '[{"toolName":"t","input":{"id":12345678901234567890}}]',
    }),
  );
  const messages = attributeText(result.attributes.get("gen_ai.output.messages"));
  expect(messages).toContain('"arguments":{"id":12345678901234567890}');
});

test("names that are spread out as nobody knows them lose nothing", () => {
  const deep = `llm.input_messages.0.${Array.from({ length: 40 }, (_, at) => `d${at}`).join(".")}`;
  const result = normaliseSpan(
    span({
      "openinference.span.kind": "LLM",
      "llm.input_messages.1.message.content": "second",
      "llm.input_messages.0.message": "text",
      "llm.input_messages.0.message.content": "first",
      "llm.output_messages.x": "stray",
      [deep]: "deep",
    }),
  );
  const stored = attributeText(new Map(result.attributes));
  for (const text of ["first", "second", "stray", "deep"]) expect(stored).toContain(text);
});
