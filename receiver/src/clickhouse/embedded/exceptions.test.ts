/**
 * Goal: an error of the engine reads like one of a server, whatever layers it came through.
 * Method: texts as chDB 3.4.0 gave them, and the status that a server sends for their codes.
 */
import { describe, expect, test } from "vitest";
import { exception, exceptionText, parseEngineError, statusOf } from "./exceptions.ts";

describe("engine errors", () => {
  test.each<[string, number, string, string]>([
    [
      "Code: 60. DB::Exception: Unknown table expression identifier 'nope'. (UNKNOWN_TABLE)",
      60,
      "UNKNOWN_TABLE",
      "Unknown table expression identifier 'nope'",
    ],
    [
      "Code: 73. DB::Exception: Code: 73. DB::Exception: Code: 73. DB::Exception: Unknown format " +
        "Nope. Maybe you meant: ['One','Npy']. (UNKNOWN_FORMAT) (version 26.7.2.1). " +
        "(UNKNOWN_FORMAT) (version 26.7.2.1). (UNKNOWN_FORMAT)",
      73,
      "UNKNOWN_FORMAT",
      "Unknown format Nope. Maybe you meant: ['One','Npy']",
    ],
    [
      "Code: 164. DB::Exception: Code: 164. DB::Exception: Cannot modify 'max_threads' setting in " +
        "readonly mode. (READONLY) (version 26.7.2.1 (official build)). (READONLY)",
      164,
      "READONLY",
      "Cannot modify 'max_threads' setting in readonly mode",
    ],
    [
      "Code: 117. DB::Exception: Expected end of line: (in file/uri /data/spool/0a-1b): While " +
        "executing File: data for INSERT was parsed from file. (INCORRECT_DATA)",
      117,
      "INCORRECT_DATA",
      "Expected end of line: While executing File: data for INSERT was parsed from query",
    ],
    ["something else", 1002, "UNKNOWN_EXCEPTION", "something else"],
    ["", 1002, "UNKNOWN_EXCEPTION", "The engine gave no reason"],
  ])("%j is read", (text, code, codeName, message) => {
    expect(parseEngineError(new Error(text))).toMatchObject({ code, codeName, message });
  });

  test("a text is written as a server writes it", () => {
    const text = exceptionText(exception("SYNTAX_ERROR", "Syntax error"), "26.7.2.1");
    expect(text).toBe("Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR) (version 26.7.2.1)\n");
  });

  test("lines inside a message are kept", () => {
    const error = parseEngineError(
      new Error("Code: 27. DB::Exception: Row 1:\nColumn 0 (a)\n. (CANNOT_PARSE)"),
    );
    expect(error.message).toBe("Row 1:\nColumn 0 (a)\n");
  });
});

test.each([
  [60, 404],
  [81, 404],
  [115, 404],
  [62, 400],
  [117, 400],
  [194, 401],
  [516, 403],
  [497, 403],
  [55, 413],
  [48, 501],
  [159, 408],
  [209, 503],
  [396, 500],
  [164, 500],
  [1002, 500],
])("code %d is status %d", (code, status) => {
  expect(statusOf(code)).toBe(status);
});
