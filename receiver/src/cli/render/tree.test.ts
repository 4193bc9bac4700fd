/** Goal: any set of spans becomes trees that hold each once. Method: well-formed and hostile sets. */
import { expect, test } from "vitest";
import type { QueryRow } from "../../query/types.ts";
import { toTraces } from "./tree.ts";

const row = (id: string, parent = "", trace = "t"): QueryRow => ({
  TraceId: trace,
  SpanId: id,
  ParentSpanId: parent,
});
const shape = (rows: readonly QueryRow[]): string[] =>
  toTraces(rows).map((trace) =>
    trace.rows.map(({ row: r, depth }) => `${depth}${r.SpanId}`).join(" "),
  );

test("children follow their parent in order of time", () => {
  expect(shape([row("r"), row("a", "r"), row("b", "r"), row("a1", "a"), row("b1", "b")])).toEqual([
    "0r 1a 2a1 1b 2b1",
  ]);
});

test("traces stand one after the other", () => {
  expect(shape([row("r"), row("s", "", "u"), row("a", "r"), row("b", "s", "u")])).toEqual([
    "0r 1a",
    "0s 1b",
  ]);
});

test("a span whose parent is missing is a root", () => {
  expect(shape([row("a", "gone"), row("b", "a")])).toEqual(["0a 1b"]);
});

test("a circle and a span that is its own parent are shown once each", () => {
  expect(shape([row("r"), row("a", "b"), row("b", "a"), row("c", "c")])).toEqual(["0r 0a 1b 0c"]);
});

test("two spans of one id are both shown", () => {
  expect(shape([row("r"), row("a", "r"), row("a", "r"), row("x", "a")])).toEqual(["0r 1a 2x 1a"]);
});

test("a chain of ten thousand does not exhaust the stack", () => {
  const chain = Array.from({ length: 10_000 }, (_, index) => row(`s${index}`, `s${index - 1}`));
  expect(toTraces(chain)[0]?.rows.at(-1)?.depth).toBe(9_999);
});
