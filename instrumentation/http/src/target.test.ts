/** Goal: paths and hosts are read, values of queries are not. Method: targets as they come in. */
import { expect, test } from "vitest";
import { settingsOf } from "./settings.ts";
import { hostOf, targetOf } from "./target.ts";

const settings = settingsOf({ queryValues: ["page"] });

test.each([
  ["/", "/", undefined],
  ["/a?", "/a", undefined],
  ["/a?page=2&email=x@y", "/a", "page=2&email=REDACTED"],
  ["/reset?s3cr3t", "/reset", "REDACTED"],
  ["/a?b=?c=d", "/a", "b=REDACTED"],
  ["/a#?x=1", "/a", undefined],
  ["/a?x=1#page=s3cr3t", "/a", "x=REDACTED"],
  ["http://host:1/a/b?x=1", "/a/b", "x=REDACTED"],
  ["*", "*", undefined],
])("%j goes to path %j with query %j", (url, path, query) => {
  expect(targetOf(url, settings)).toEqual({ path, query });
});

test("a path and a query of any length are cut", () => {
  const { path, query } = targetOf(`/${"a".repeat(5_000)}?${"b=1&".repeat(5_000)}`, settings);
  expect(path).toHaveLength(2_048);
  expect(query?.length).toBeLessThanOrEqual(2_048);
});

test.each([
  ["a.test", "a.test", undefined],
  ["a.test:8080", "a.test", 8080],
  ["[::1]:80", "[::1]", 80],
])("host %j is %j at port %j", (header, address, port) => {
  expect(hostOf(header)).toEqual({ address, port });
});

test.each([undefined, "", "a b", "a:b", "user@host", "x".repeat(300)])(
  "%j is no host",
  (header) => {
    expect(hostOf(header)).toBeUndefined();
  },
);
