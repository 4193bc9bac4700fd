/**
 * Goal: a text written with its edits is the text that the edits make, and one that may be cut is left
 * alone.
 * Method: edits by hand, in a text in the middle of a memory; the limit from both sides.
 */

import { expect, it } from "vitest";
import type { TextEdits } from "../base/field-redactor.ts";
import { TEXT_SIZE_MAX_BYTES } from "../base/span-rules.ts";
import { writeEdited } from "./edited-text.ts";
import { ByteSink } from "./sink.ts";

type Edit = readonly [start: number, end: number, text: string];

function editsOf(list: readonly Edit[]): TextEdits {
  const at = (n: number): Edit => list[n] ?? [0, 0, ""];
  return {
    size: list.length,
    startOf: (n) => at(n)[0],
    endOf: (n) => at(n)[1],
    textOf: (n) => at(n)[2],
    apply: () => "",
  };
}

/** What is written, or undefined for nothing. */
function writtenOf(text: string, ...list: readonly Edit[]): string | undefined {
  const bytes = new Uint8Array(Buffer.from(`ab${text}cd`));
  const sink = new ByteSink();
  const end = 2 + text.length;
  const isWritten = writeEdited(sink, bytes, new DataView(bytes.buffer), 2, end, editsOf(list));
  const written = Buffer.from(sink.bytes.subarray(0, sink.at)).toString("utf8");
  if (!isWritten) expect(written).toBe("");
  return isWritten ? written : undefined;
}

const LONG = "the customer asked about it. ".repeat(9);

it("edits are written between what stays", () => {
  expect(writtenOf("0123456789", [2, 4, "[x]"], [4, 5, ""], [8, 10, "yz"])).toBe("01[x]567yz");
  expect(writtenOf("0123", [0, 4, LONG])).toBe(LONG);
  expect(writtenOf(`${LONG}123${LONG}`, [LONG.length, LONG.length + 3, "-"])).toBe(
    `${LONG}-${LONG}`,
  );
});

it("a letter that is not ASCII is written as UTF-8", () => {
  expect(writtenOf("x 12 y", [2, 4, "café 中 😀"])).toBe("x café 中 😀 y");
});

it("a text that may be too long is not written", () => {
  const text = " ".repeat(TEXT_SIZE_MAX_BYTES - 6);
  expect(writtenOf(text, [0, 1, "ab"])).toBe(`ab${text.slice(1)}`);
  expect(writtenOf(`${text} `, [0, 1, "ab"])).toBeUndefined();
});
