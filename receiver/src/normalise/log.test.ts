/**
 * Goal: a log record becomes what a span would hold, and nothing of a record that is kept is lost.
 * Method: records written out as OpenTelemetry's packages send them; results compared whole, as JSON.
 */
import { describe, expect, test } from "vitest";
import { attributeText, attributeTexts } from "../base/attribute-text.ts";
import type { AttributeMap, AttributeValue, DecodedLog, NormalisedLog } from "../base/records.ts";
import { normaliseLog } from "./log.ts";

/** Plain JSON as an attribute value: objects become maps. */
function value(json: unknown): AttributeValue {
  if (Array.isArray(json)) return json.map(value);
  if (typeof json === "object" && json !== null) return map(json as Record<string, unknown>);
  return json as AttributeValue;
}

function map(json: Readonly<Record<string, unknown>>): AttributeMap {
  return new Map(Object.entries(json).map(([key, member]) => [key, value(member)]));
}

function record(
  eventName: string,
  body: unknown,
  attributes: Readonly<Record<string, unknown>> = {},
  more: Partial<DecodedLog> = {},
): DecodedLog {
  return {
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: "eee19b7ec3c1b174",
    timeNs: 5n,
    severityText: "",
    eventName,
    body: value(body),
    attributes: map(attributes),
    resource: { attributes: new Map([["service.name", "shop"]]) },
    ...more,
  };
}

function kept(log: DecodedLog): NormalisedLog {
  const normalised = normaliseLog(log);
  if (typeof normalised === "string") throw new Error(`refused: ${normalised}`);
  return normalised;
}

function contents(log: DecodedLog): Record<string, unknown> {
  const texts = [...kept(log).contents].map(([name, content]) => {
    return [name, JSON.parse(attributeText(content))] as const;
  });
  return Object.fromEntries(texts);
}

const OPENAI = { "gen_ai.system": "openai" };
const TOOL_CALL = {
  id: "call_1",
  type: "function",
  function: { name: "get_weather", arguments: '{"city":"Bern"}' },
};

describe("a message event", () => {
  test.each<[string, unknown, string, unknown]>([
    [
      "gen_ai.user.message",
      { content: "Hi" },
      "gen_ai.input.messages",
      [{ role: "user", parts: [{ type: "text", content: "Hi" }] }],
    ],
    [
      "gen_ai.user.message",
      "Hi",
      "gen_ai.input.messages",
      [{ role: "user", parts: [{ type: "text", content: "Hi" }] }],
    ],
    [
      "gen_ai.user.message",
      {
        content: [
          { type: "text", text: "Hi" },
          { type: "image_url", image_url: { url: "x" } },
        ],
      },
      "gen_ai.input.messages",
      [
        {
          role: "user",
          parts: [
            { type: "text", content: "Hi" },
            { type: "image_url", image_url: { url: "x" } },
          ],
        },
      ],
    ],
    [
      "gen_ai.system.message",
      { content: "Be kind", role: "system" },
      "gen_ai.system_instructions",
      [{ type: "text", content: "Be kind" }],
    ],
    [
      "gen_ai.system.message",
      { content: "Be kind", role: "developer" },
      "gen_ai.input.messages",
      [{ role: "developer", parts: [{ type: "text", content: "Be kind" }] }],
    ],
    [
      "gen_ai.assistant.message",
      { tool_calls: [TOOL_CALL], name: "bot" },
      "gen_ai.input.messages",
      [
        {
          role: "assistant",
          parts: [
            {
              type: "tool_call",
              id: "call_1",
              name: "get_weather",
              arguments: '{"city":"Bern"}',
            },
          ],
          name: "bot",
        },
      ],
    ],
    [
      "gen_ai.tool.message",
      { content: "rain", id: "call_1" },
      "gen_ai.input.messages",
      [
        {
          role: "tool",
          parts: [{ type: "tool_call_response", id: "call_1", response: "rain" }],
        },
      ],
    ],
    [
      "gen_ai.choice",
      { index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hello" } },
      "gen_ai.output.messages",
      [
        {
          role: "assistant",
          parts: [{ type: "text", content: "Hello" }],
          index: 0,
          finish_reason: "stop",
        },
      ],
    ],
    [
      "gen_ai.choice",
      { index: 0, finish_reason: "tool_calls", message: {}, tool_calls: [TOOL_CALL] },
      "gen_ai.output.messages",
      [
        {
          role: "assistant",
          parts: [
            {
              type: "tool_call",
              id: "call_1",
              name: "get_weather",
              arguments: '{"city":"Bern"}',
            },
          ],
          index: 0,
          finish_reason: "tool_calls",
        },
      ],
    ],
    [
      "gen_ai.choice",
      { index: 1, finish_reason: "stop", content: "Hello" },
      "gen_ai.output.messages",
      [
        {
          role: "assistant",
          parts: [{ type: "text", content: "Hello" }],
          index: 1,
          finish_reason: "stop",
        },
      ],
    ],
    ["gen_ai.user.message", null, "gen_ai.input.messages", [{ role: "user", parts: [] }]],
  ])("%s with %j is content under %s", (eventName, body, name, expected) => {
    expect(contents(record(eventName, body, OPENAI))).toEqual({ [name]: expected });
  });

  test("whose name stands in an attribute, as older SDKs send it, is one too", () => {
    const attributes = { ...OPENAI, "event.name": "gen_ai.user.message" };
    expect(Object.keys(contents(record("", { content: "Hi" }, attributes)))).toEqual([
      "gen_ai.input.messages",
    ]);
  });

  test("keeps attributes that no span of the call repeats, under the event's name", () => {
    expect(contents(record("gen_ai.user.message", "Hi", { ...OPENAI, team: "blue" }))).toEqual({
      "gen_ai.input.messages": [{ role: "user", parts: [{ type: "text", content: "Hi" }] }],
      "gen_ai.user.message": { team: "blue" },
    });
  });
});

describe("an event with attributes", () => {
  test("of an inference has its content by name and the rest under its own", () => {
    const messages = [{ role: "user", parts: [{ type: "text", content: "Hi" }] }];
    const log = record("gen_ai.client.inference.operation.details", null, {
      "gen_ai.input.messages": messages,
      "gen_ai.output.messages": JSON.stringify(messages),
      "gen_ai.operation.name": "chat",
      "gen_ai.usage.input_tokens": 7n,
    });
    expect(contents(log)).toEqual({
      "gen_ai.input.messages": messages,
      "gen_ai.output.messages": messages,
      "gen_ai.client.inference.operation.details": {
        "gen_ai.operation.name": "chat",
        "gen_ai.usage.input_tokens": 7,
      },
    });
  });

  test("of an evaluation is kept whole", () => {
    const attributes = {
      "gen_ai.evaluation.name": "relevance",
      "gen_ai.evaluation.explanation": "off",
    };
    expect(contents(record("gen_ai.evaluation.result", null, attributes))).toEqual({
      "gen_ai.evaluation.result": attributes,
    });
  });

  test("and a message of the same name in its body keeps both", () => {
    const attributes = { "gen_ai.input.messages": "[1]" };
    expect(contents(record("gen_ai.user.message", "Hi", attributes))).toEqual({
      "gen_ai.input.messages": [1],
      "gen_ai.user.message": { body: "Hi" },
    });
  });

  test("needs no event name where an attribute is content by name", () => {
    expect(contents(record("", "note", { "workflow.step.input": "{}", team: "blue" }))).toEqual({
      "workflow.step.input": {},
      log_record: { team: "blue", body: "note" },
    });
  });
});

describe("an exception", () => {
  const EXCEPTION = {
    "exception.type": "TimeoutError",
    "exception.message": "late",
    "exception.stacktrace": "at f",
    "workflow.run.id": "01RUN",
    "workflow.step.name": "enrich",
    "workflow.step.attempt": 2n,
  };

  test("is an error with type, message and place; stack trace and the rest are content", () => {
    const log = record("", "enrich failed", EXCEPTION, { severityText: "ERROR" });
    const { isError, attributes } = kept(log);
    expect(isError).toBe(true);
    expect(Object.fromEntries(attributeTexts(attributes))).toEqual({
      "exception.type": "TimeoutError",
      "exception.message": "late",
      "workflow.run.id": "01RUN",
      "workflow.step.name": "enrich",
      "workflow.step.attempt": "2",
    });
    expect(contents(log)).toEqual({
      exception: {
        "exception.stacktrace": "at f",
        body: "enrich failed",
        severity_text: "ERROR",
      },
    });
  });

  test("without a message takes that of the body", () => {
    const { attributes, contents: rest } = kept(record("", "late", { "exception.type": "E" }));
    expect(attributes.get("exception.message")).toBe("late");
    expect(rest.size).toBe(0);
  });

  test("of an AI call is an error too", () => {
    const log = record("gen_ai.client.operation.exception", null, { "exception.type": "E" });
    expect(kept(log)).toMatchObject({ isError: true, contents: new Map() });
  });
});

describe("a record", () => {
  test("of any other kind is refused", () => {
    expect(normaliseLog(record("", "Example log record", { a: 1n }))).toBe("log_kind");
    expect(normaliseLog(record("device.app.lifecycle", null))).toBe("log_kind");
  });

  test("that says nothing of its run is refused", () => {
    const lost = { traceId: "", spanId: "" };
    expect(normaliseLog(record("gen_ai.user.message", "Hi", {}, lost))).toBe("log_run");
    const empty = { "workflow.run.id": "" };
    expect(normaliseLog(record("gen_ai.user.message", "Hi", empty, lost))).toBe("log_run");
  });

  test("that names its run needs no trace", () => {
    const run = { "workflow.run.id": "01RUN" };
    const log = record("gen_ai.user.message", "Hi", run, { traceId: "", spanId: "" });
    expect(kept(log).attributes).toEqual(map(run));
  });
});
