/**
 * Goal: whatever stands where a dialect has something else, nothing breaks and nothing is lost.
 * Method: values of every kind, beyond every limit; results held whole.
 */
import { expect, test } from "vitest";
import { attributeText } from "../base/attribute-text.ts";
import type { AttributeValue } from "../base/records.ts";
import { normaliseSpan } from "./span.ts";
import { normalised, span } from "./spans.test.helper.ts";

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
