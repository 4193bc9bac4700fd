/**
 * A lexer for ClickHouse SQL, enough to see what a statement is and where its data begin.
 *
 * In: bytes as a latin1 string, so that one character is one byte and binary insert data after
 * the statement do no harm. Out: tokens, lazily: a caller stops where the data begin. Pure.
 *
 * It must agree with ClickHouse's own lexer about where comments, strings and quoted names end,
 * for the checks of `statement.ts` see only tokens: nested comments, heredocs, doubled quotes,
 * backslashes and typographic quotes are all of ClickHouse's grammar.
 */

type TokenKind = "word" | "quoted" | "string" | "number" | "punctuation" | "unclosed";

export interface Token {
  readonly kind: TokenKind;
  /** Words in capitals, quoted names without their quotes, everything else as written. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

const WORD = /[A-Za-z_][A-Za-z0-9_$]*/y;
const NUMBER =
  /(?:0[xX][0-9A-Fa-f_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9]+)?)[A-Za-z0-9_]*/y;
const SPACE = /[ \t\n\r\f\v]+/y;
const LINE_COMMENTS = ["--", "//", "# ", "#!"];
/** UTF-8 bytes, read as latin1, of ‘ ’ and “ ”. */
const TYPOGRAPHIC: ReadonlyMap<string, string> = new Map([
  ["\xE2\x80\x98", "\xE2\x80\x99"],
  ["\xE2\x80\x9C", "\xE2\x80\x9D"],
]);

/** Where a quoted run that starts at `start` ends (after its closing quote), or -1. */
function endOfQuoted(text: string, start: number, quote: string): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text[at];
    if (character === "\\") at += 1;
    else if (character === quote) {
      if (text[at + 1] !== quote) return at + 1;
      at += 1;
    }
  }
  return -1;
}

/** Where a comment that starts at `start` ends; comments nest. -1 when it is not closed. */
function endOfComment(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text.startsWith("/*", at)) {
      depth += 1;
      at += 1;
    } else if (text.startsWith("*/", at)) {
      depth -= 1;
      at += 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** Where white space or a comment at `at` ends; `at` itself when there is none, -1 unclosed. */
function endOfBlank(text: string, at: number): number {
  const space = match(SPACE, text, at);
  if (space !== undefined) return at + space.length;
  if (text.startsWith("/*", at)) return endOfComment(text, at);
  if (!LINE_COMMENTS.includes(text.slice(at, at + 2))) return at;
  const lineEnd = text.indexOf("\n", at);
  return lineEnd === -1 ? text.length : lineEnd + 1;
}

function quotedToken(text: string, start: number): Token | undefined {
  const first = text[start] ?? "";
  const kind = first === "'" ? "string" : "quoted";
  if (first === "'" || first === '"' || first === "`") {
    const end = endOfQuoted(text, start, first);
    if (end === -1) return { kind: "unclosed", value: first, start, end: text.length };
    const value = text.slice(start + 1, end - 1).replaceAll(/\\(.)|(["'`])\2/gs, "$1$2");
    return { kind, value, start, end };
  }
  const opening = text.slice(start, start + 3);
  const closing = TYPOGRAPHIC.get(opening);
  if (closing === undefined) return undefined;
  const close = text.indexOf(closing, start + 3);
  if (close === -1) return { kind: "unclosed", value: opening, start, end: text.length };
  const value = text.slice(start + 3, close);
  return { kind: opening.endsWith("\x98") ? "string" : "quoted", value, start, end: close + 3 };
}

/** The tokens of `text` from `from` on. An unclosed quote or comment is the last token. */
export function* tokenize(text: string, from = 0): Generator<Token, void, undefined> {
  let at = from;
  while (at < text.length) {
    const afterBlank = endOfBlank(text, at);
    if (afterBlank === -1) {
      yield { kind: "unclosed", value: "/*", start: at, end: text.length };
      return;
    }
    if (afterBlank > at) {
      at = afterBlank;
      continue;
    }
    const quoted = quotedToken(text, at);
    if (quoted !== undefined) {
      yield quoted;
      if (quoted.kind === "unclosed") return;
      at = quoted.end;
      continue;
    }
    const word = match(WORD, text, at);
    const number = word === undefined ? match(NUMBER, text, at) : undefined;
    const value = word?.toUpperCase() ?? number ?? text[at] ?? "";
    const kind = word !== undefined ? "word" : number !== undefined ? "number" : "punctuation";
    yield { kind, value, start: at, end: at + value.length };
    at += value.length;
  }
}
