/** Goal: any value becomes bounded, valid JSON text. Method: values that break `JSON.stringify`. */
import { describe, expect, test } from "vitest";
import { JSON_DEPTH_MAX, JSON_TEXT_CHARS_MAX, jsonText } from "./json-text.ts";

describe("jsonText", () => {
  test.each([
    [{ a: [1, "x", null, true] }, '{"a":[1,"x",null,true]}'],
    ["text", '"text"'],
    [10n, '"10"'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [new Map([["k", 1]]), '[["k",1]]'],
    [new Set([1]), "[1]"],
    [new Uint8Array(3), '"[3 bytes]"'],
    [new RangeError("no"), '{"name":"RangeError","message":"no"}'],
    [{ f: () => 1, s: Symbol("s") }, '{"s":"Symbol(s)"}'],
    [Number.NaN, "null"],
  ])("writes %o", (value, text) => {
    expect(jsonText(value)).toBe(text);
  });

  test("says nothing of undefined and of functions", () => {
    expect(jsonText(undefined)).toBeUndefined();
    expect(jsonText(() => 1)).toBeUndefined();
  });

  test("shows the same object twice where it is no cycle", () => {
    const shared = { x: 1 };
    expect(jsonText([shared, shared])).toBe('[{"x":1},{"x":1}]');
  });

  test("survives a toJSON that throws, a proxy that throws, and a revoked proxy", () => {
    const throws = (): never => {
      throw new Error("no");
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(jsonText({ a: { toJSON: throws } })).toBe('{"a":"[unreadable]"}');
    expect(jsonText(new Proxy({}, { ownKeys: throws }))).toBe('"[unreadable]"');
    expect(jsonText({ proxy })).toBe('{"proxy":"[unreadable]"}');
  });

  test("stops at its depth", () => {
    let deep: unknown = "bottom";
    for (let level = 0; level <= JSON_DEPTH_MAX; level += 1) deep = [deep];
    expect(jsonText(deep)).toContain("[deep]");
    expect(jsonText(deep)).not.toContain("bottom");
  });

  test.each([
    ["one long text", "x".repeat(JSON_TEXT_CHARS_MAX * 3)],
    ["quotes, which double", '"'.repeat(JSON_TEXT_CHARS_MAX)],
    ["control characters, which become six", "\u0001".repeat(JSON_TEXT_CHARS_MAX)],
    ["many values", Array.from({ length: 1_000_000 }, (_, i) => i)],
    ["many keys", Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key${i}`, i]))],
  ])("bounds %s and stays JSON", (_, value) => {
    const text = jsonText(value) ?? "";
    expect(text.length).toBeLessThanOrEqual(JSON_TEXT_CHARS_MAX);
    expect(() => JSON.parse(text)).not.toThrow();
  });

  test("keeps a text whole that just fits", () => {
    const text = "x".repeat(JSON_TEXT_CHARS_MAX - 2);
    expect(jsonText(text)).toBe(`"${text}"`);
  });
});

test("objects of LangChain are written as their class and what they were given", () => {
  const message = (content: string) => ({
    toJSON: () => ({
      lc: 1,
      type: "constructor",
      id: ["langchain_core", "messages", "HumanMessage"],
      kwargs: { content, additional_kwargs: {}, tool_calls: [] },
    }),
  });
  expect(jsonText({ messages: [message("Hi"), message("")] })).toBe(
    '{"messages":[{"type":"HumanMessage","content":"Hi"},{"type":"HumanMessage","content":""}]}',
  );
  expect(jsonText({ toJSON: () => ({ lc: 1, type: "secret", id: ["KEY"] }) })).toBe(
    '{"lc":1,"type":"secret","id":["KEY"]}',
  );
});
