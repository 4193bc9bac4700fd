/**
 * Goal: a stored definition is read, whatever it holds, and its differences are told.
 * Method: texts by hand; two definitions of which every part differs once.
 */
import { describe, expect, test } from "vitest";
import { conditionText, type Definition, diffDefinitions, parseDefinition } from "./definition.ts";

const edge = (from: string, to: string, condition = "", isDefault = false) => ({
  from,
  to,
  condition,
  isDefault,
});

const OLD: Definition = {
  nodes: [
    { id: "a", type: "AI" },
    { id: "b", type: "ACTION" },
    { id: "gone", type: "ACTION" },
  ],
  edges: [edge("a", "b", "score >= 0.8"), edge("a", "gone", "", true), edge("gone", "b")],
};

describe("parseDefinition", () => {
  test("reads nodes and edges", () => {
    const text =
      '{"edges":[{"condition":"x","from":"a","to":"b"},{"default":true,"from":"a","to":"c"}],' +
      '"nodes":[{"id":"a","type":"AI"}]}';
    expect(parseDefinition(text)).toEqual({
      nodes: [{ id: "a", type: "AI" }],
      edges: [edge("a", "b", "x"), edge("a", "c", "", true)],
    });
  });

  test.each(["", "{", "null", "[]", '{"nodes":[]}', '{"nodes":{},"edges":[]}', "[card:x]"])(
    "finds no definition in %j",
    (text) => {
      expect(parseDefinition(text)).toBeUndefined();
    },
  );

  test("reads what is there of nodes and edges that are none", () => {
    expect(parseDefinition('{"nodes":[null,1,{"id":2}],"edges":["x"]}')).toEqual({
      nodes: [
        { id: "", type: "" },
        { id: "", type: "" },
        { id: "", type: "" },
      ],
      edges: [edge("", "")],
    });
  });
});

describe("diffDefinitions", () => {
  test("tells what was added, removed and changed, nodes first", () => {
    const next: Definition = {
      nodes: [
        { id: "b", type: "APPROVAL" },
        { id: "a", type: "AI" },
        { id: "new", type: "DECISION" },
      ],
      edges: [
        edge("a", "b", "score >= 0.9"),
        edge("a", "b", "vip"),
        edge("a", "new", "", true),
        edge("gone", "b"),
      ],
    };
    expect(diffDefinitions(OLD, next)).toEqual([
      { change: "changed", kind: "node", item: "b", before: "ACTION", after: "APPROVAL" },
      { change: "removed", kind: "node", item: "gone", before: "ACTION", after: "" },
      { change: "added", kind: "node", item: "new", before: "", after: "DECISION" },
      {
        change: "changed",
        kind: "edge",
        item: "a → b",
        before: "score >= 0.8",
        after: "score >= 0.9; vip",
      },
      { change: "removed", kind: "edge", item: "a → gone", before: "otherwise", after: "" },
      { change: "added", kind: "edge", item: "a → new", before: "", after: "otherwise" },
    ]);
  });

  test("finds none between equal definitions in another order", () => {
    const turned = { nodes: OLD.nodes.toReversed(), edges: OLD.edges.toReversed() };
    expect(diffDefinitions(OLD, turned)).toEqual([]);
  });
});

test.each([
  [edge("a", "b"), ""],
  [edge("a", "b", "x"), "x"],
  [edge("a", "b", "", true), "otherwise"],
  [edge("a", "b", "x", true), "x, or else"],
])("conditionText of %o is %j", (one, words) => {
  expect(conditionText(one)).toBe(words);
});
