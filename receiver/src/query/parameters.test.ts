/** Goal: parameters are checked by type, and errors name them. Method: a query made for it. */
import { expect, test } from "vitest";
import { bindParameters, parseLimit } from "./parameters.ts";
import type { AuditQuery } from "./types.ts";

const QUERY: AuditQuery = {
  name: "test",
  title: "",
  description: "",
  question: "",
  parameters: [
    { name: "run", type: "run", required: true, default: null, description: "which run" },
    { name: "who", type: "text", required: false, default: "", description: "" },
    { name: "since", type: "time", required: false, default: 0, description: "" },
    {
      name: "status",
      type: "choice",
      required: false,
      default: "",
      description: "",
      choices: ["success", "failure"],
    },
  ],
  columns: [],
  defaultLimit: 1,
  sql: "",
};
const NOW = 1_000_000_000;
const bind = (given: Record<string, string>): unknown =>
  bindParameters(QUERY, given, { nowMs: NOW, tokenise: (text) => `<${text}>` });

test("what is not given has its default", () => {
  expect(bind({ run: "01K9XA" })).toEqual({ run: "01K9XA", who: "", since: 0, status: "" });
});

test("an empty value counts as not given", () => {
  expect(bind({ run: "01K9XA", who: "", since: "" })).toMatchObject({ who: "", since: 0 });
});

test("texts are tokenised, run ids are not", () => {
  const given = { run: " 01K9XA ", who: "ada", since: "1s", status: "FAILURE" };
  expect(bind(given)).toEqual({
    run: "01K9XA",
    who: "<ada>",
    since: NOW - 1_000,
    status: "failure",
  });
});

test.each([
  [{}, "QUERY_PARAMETER_MISSING", "needs the parameter run: which run"],
  [{ run: "01K9X" }, "QUERY_PARAMETER_INVALID", "parameter run"],
  [{ run: "x".repeat(129) }, "QUERY_PARAMETER_INVALID", "parameter run"],
  [{ run: "01K9XA", since: "soon" }, "QUERY_PARAMETER_INVALID", "parameter since"],
  [{ run: "01K9XA", status: "sucess" }, "QUERY_PARAMETER_INVALID", "did you mean success?"],
  [{ run: "01K9XA", who: "x".repeat(1_025) }, "QUERY_PARAMETER_INVALID", "parameter who"],
  [{ run: "01K9XA", whom: "x" }, "QUERY_PARAMETER_UNKNOWN", "did you mean who?"],
  [{ run: "01K9XA", constructor: "x" }, "QUERY_PARAMETER_UNKNOWN", '"constructor"'],
])("%j is refused with %s", (given, code, message) => {
  expect(() => bind(given as Record<string, string>)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  );
});

test("both ends of a page size are accepted, what lies outside is not", () => {
  expect([parseLimit(undefined, 7), parseLimit("1", 7), parseLimit("10000", 7)]).toEqual([
    7, 1, 10_000,
  ]);
  for (const text of ["0", "10001", "-1", "1e3", "1.5", "x", "9".repeat(40)]) {
    expect(() => parseLimit(text, 7)).toThrow(
      expect.objectContaining({ code: "QUERY_PARAMETER_INVALID" }),
    );
  }
});
