/**
 * Goal: a body is recorded within its limits, or the reason why not. Method: bytes and headers as a
 * server has them, and both sides of the limit.
 */
import { expect, test } from "vitest";
import { Body, type BodyFacts } from "./body.ts";
import { settingsOf } from "./settings.ts";
import type { HttpOptions } from "./types.ts";

type Headers = Readonly<Record<string, string>>;

const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };

function bodyOf(headers: Headers, options: HttpOptions = {}, method = "POST"): Body | undefined {
  return Body.of(method, (name) => headers[name], settingsOf(options));
}

function received(headers: Headers, text: string, options?: HttpOptions): BodyFacts | undefined {
  const body = bodyOf(headers, options);
  body?.push(Buffer.from(text));
  body?.finish();
  return body?.facts();
}

test.each(["GET", "HEAD", "OPTIONS", "TRACE"])("%s has none", (method) => {
  expect(bodyOf(JSON_TYPE, {}, method)).toBeUndefined();
});

test("a mutation without content has none", () => {
  expect(bodyOf({ "content-length": "0" })).toBeUndefined();
  const body = bodyOf({});
  body?.finish();
  expect(body?.facts()).toBeUndefined();
});

test("a character that is cut between two chunks is whole", () => {
  const body = bodyOf(JSON_TYPE);
  const bytes = Buffer.from('"ö"');
  body?.push(bytes.subarray(0, 2));
  body?.push(bytes.subarray(2));
  body?.finish();
  expect(body?.facts()).toEqual({ sizeBytes: 4, text: '"ö"', omitted: undefined });
});

test("bytes that the application changes later are recorded as they came", () => {
  const body = bodyOf(JSON_TYPE);
  const bytes = Buffer.from('{"a":1}');
  body?.push(bytes);
  bytes.fill(0);
  body?.finish();
  expect(body?.facts()?.text).toBe('{"a":1}');
});

test.each([
  [65_536, undefined],
  [65_537, "too_large"],
])("a body of %d bytes is omitted as %s", (size, omitted) => {
  const facts = received({ "content-type": "text/plain" }, "x".repeat(size));
  expect(facts).toMatchObject({ sizeBytes: size, omitted });
});

test("an announced length beyond the limit is enough to keep nothing", () => {
  const body = bodyOf({ ...JSON_TYPE, "content-length": "65537" });
  body?.push(Buffer.from("{}"));
  expect(body?.facts()).toMatchObject({ omitted: "too_large", sizeBytes: 65_537 });
});

test.each([
  ["deep", `${"[".repeat(30_000)}${"]".repeat(30_000)}`],
  ["broken", '{"a":'],
  ["binary", "\0\u0001"],
])("JSON that is %s makes no error", (_, text) => {
  expect(received(JSON_TYPE, text)?.sizeBytes).toBe(Buffer.byteLength(text));
});

test("a key named __proto__ is a key", () => {
  const text = received(JSON_TYPE, '{"__proto__":{"polluted":1},"password":"x"}')?.text;
  expect(text).not.toContain('"x"');
  expect(Reflect.get({}, "polluted")).toBeUndefined();
});

test("a limit that is none keeps nothing, and no limit is above the greatest", () => {
  expect(received(JSON_TYPE, "1", { bodySizeMaxBytes: Number.NaN })?.omitted).toBe("too_large");
  const size = 70_000;
  const text = JSON.stringify("x".repeat(size - 2));
  expect(received(JSON_TYPE, text, { bodySizeMaxBytes: 1e9 })?.omitted).toBe("too_large");
});

test("what the framework parsed is recorded where the bytes have passed, without secrets", () => {
  const body = bodyOf({ ...JSON_TYPE, "content-length": "30" });
  body?.missed();
  expect(body?.facts()).toEqual({ sizeBytes: 30, text: undefined, omitted: "unseen" });
  body?.parsed({ name: "a", otp: "123456" });
  expect(body?.facts()?.text).toBe('{"name":"a","otp":"[REDACTED]"}');
  body?.parsed('{"otp":"123456"}');
  expect(body?.facts()?.text).toBe('{"otp":"[REDACTED]"}');
  body?.parsed(Buffer.from("{}"));
  expect(body?.facts()?.omitted).toBe("unsupported_type");
});

test("a middleware that keeps no bodies has what was collected forgotten", () => {
  const body = bodyOf(JSON_TYPE);
  body?.push(Buffer.from("{}"));
  body?.restrict(settingsOf({ captureBody: false }));
  body?.finish();
  expect(body?.facts()).toEqual({ sizeBytes: 2, text: undefined, omitted: "disabled" });
});
