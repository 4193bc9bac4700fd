/**
 * What a statement is, before the engine sees it.
 *
 * In: the first bytes of a request (query text, perhaps followed by insert data). Out: a
 * {@link Statement}, or an {@link Exception} for what this interface does not pass on: several
 * statements at once, and everything that reaches files of the host. Pure.
 *
 * Why here: chDB is a client and a server in one. It would run several statements, read
 * `FROM INFILE` and write `INTO OUTFILE` on behalf of whoever asks; a server refuses all three.
 * Table functions and engines that reach outside are refused by the engine's own grants
 * (`engine-files.ts`); the scalar function `file` has no grant, so it is found here.
 */
import { type Exception, exception } from "./exceptions.ts";
import { type Token, tokenize } from "./lexer.ts";

export interface InsertData {
  /** `INSERT INTO t (columns)`, up to where `FROM INFILE` goes. */
  readonly target: string;
  /** The `SETTINGS …` clause, or an empty string. */
  readonly settings: string;
  readonly format: string;
  /** Byte at which the data begin. */
  readonly dataStart: number;
}

export interface Statement {
  /** First keyword, in capitals. */
  readonly keyword: string;
  /** The statement without data and without the closing semicolon. */
  readonly text: string;
  /** Whether it only reads, so that nothing is lost when it is cancelled. */
  readonly reads: boolean;
  /** The output format that it names. */
  readonly format?: string;
  /** Present when the statement is an INSERT whose rows come with the request. */
  readonly insert?: InsertData;
  /** Settings of its SETTINGS clauses that are literals, in their order. */
  readonly settings: readonly (readonly [name: string, value: string])[];
}

const READING = new Set("SELECT WITH FROM SHOW DESCRIBE DESC EXISTS EXPLAIN CHECK".split(" "));
const OTHER = new Set(
  (
    "INSERT CREATE ALTER DROP TRUNCATE OPTIMIZE KILL USE SET SYSTEM RENAME EXCHANGE REPLACE ATTACH " +
    "DETACH GRANT REVOKE BACKUP RESTORE DELETE UPDATE UNDROP MOVE BEGIN COMMIT ROLLBACK"
  ).split(" "),
);

/** Scalar functions that read the host's files. chDB limits neither by path nor by grant. */
const FILE_FUNCTIONS = new Set(["FILE", "CATBOOSTEVALUATE"]);

function syntaxError(position: number, found: string): Exception {
  // Quoted: clients take the last capitals in brackets for the name of the error.
  const what = found === "" ? "end of query" : `'${found}'`;
  return exception("SYNTAX_ERROR", `Syntax error: failed at position ${position + 1} (${what})`);
}

function isWord(token: Token | undefined, value: string): boolean {
  return token?.kind === "word" && token.value === value;
}

function isMark(token: Token | undefined, value: string): boolean {
  return token?.kind === "punctuation" && token.value === value;
}

/** Refuse what reaches the host's files and what this interface cannot read for sure. */
function refuseForbidden(tokens: readonly Token[]): void {
  for (const [index, token] of tokens.entries()) {
    const [before, next] = [tokens[index - 1], tokens[index + 1]];
    if (token.kind === "unclosed") throw syntaxError(token.start, `${token.value} is not closed`);
    if (isMark(token, "\\") || isMark(token, "\0")) throw syntaxError(token.start, "\\");
    if (isMark(token, "$")) {
      throw exception("NOT_IMPLEMENTED", "Here documents ($tag$) are not supported, use quotes");
    }
    if (isWord(token, "OUTFILE") && isWord(before, "INTO")) {
      throw exception("INTO_OUTFILE_NOT_ALLOWED", "INTO OUTFILE is not allowed");
    }
    if (isWord(token, "INFILE") && isWord(before, "FROM") && next?.kind === "string") {
      throw exception("UNKNOWN_TYPE_OF_QUERY", "Query has infile and was sent directly to server");
    }
    if (token.kind !== "word" && token.kind !== "quoted") continue;
    if (isWord(token, "DISK") && isMark(before, "=") && isMark(next, "(")) {
      // It would make a disk anywhere on the host; the grants know nothing of it.
      throw exception("ACCESS_DENIED", "disk(…) is not allowed here, name a storage policy");
    }
    if (!FILE_FUNCTIONS.has(token.value.toUpperCase())) continue;
    // After a dot, INTO or TABLE it names a table; FROM and JOIN take a table function, which the
    // engine's grants refuse by themselves.
    const namesTable = isMark(before, ".") || isWord(before, "INTO") || isWord(before, "TABLE");
    const called = isMark(next, "(") && !namesTable;
    const applied = isWord(isMark(before, "(") ? tokens[index - 2] : before, "APPLY");
    if (called || applied) {
      throw exception("ACCESS_DENIED", `The function ${token.value} is not allowed here`);
    }
  }
}

/** Refuse a second statement; closing semicolons are fine. Returns the end of the first. */
function endOfStatement(tokens: readonly Token[], textLength: number): number {
  const semicolon = tokens.findIndex((token) => isMark(token, ";"));
  if (semicolon === -1) return textLength;
  const extra = tokens.slice(semicolon).find((token) => !isMark(token, ";"));
  const { start } = tokens[semicolon] as Token;
  if (extra !== undefined) {
    throw exception(
      "SYNTAX_ERROR",
      `Syntax error (Multi-statements are not allowed): failed at position ${start + 1} (end of query)`,
    );
  }
  return start;
}

/** The name after the last FORMAT outside of brackets that ends the statement. */
function outputFormat(tokens: readonly Token[]): Token | undefined {
  let found: Token | undefined;
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (isMark(token, "(") || isMark(token, "[")) depth += 1;
    else if (isMark(token, ")") || isMark(token, "]")) depth -= 1;
    else if (depth === 0 && isWord(token, "FORMAT")) {
      const name = tokens[index + 1];
      const after = tokens[index + 2];
      const ends = after === undefined || isMark(after, ";") || isWord(after, "SETTINGS");
      if (name?.kind === "word" && ends) found = name;
    }
  }
  return found;
}

/** The literals of every SETTINGS clause. */
function settingsOf(tokens: readonly Token[], text: string): [string, string][] {
  const found: [string, string][] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    if (!isWord(tokens[index], "SETTINGS")) continue;
    for (let at = index + 1; at + 2 < tokens.length; at += 4) {
      const [name, equals, value] = [tokens[at], tokens[at + 1], tokens[at + 2]];
      if (name?.kind !== "word" || !isMark(equals, "=") || value === undefined) break;
      if (value.kind !== "number" && value.kind !== "string" && value.kind !== "word") break;
      found.push([text.slice(name.start, name.end), value.value]);
      if (!isMark(tokens[at + 3], ",")) break;
    }
  }
  return found;
}

/** Where the data begin after `FORMAT Name`: blanks, then at most one line break, are skipped. */
function dataStartAfterFormat(text: string, nameEnd: number): number {
  let at = nameEnd;
  if (text[at] === ";") {
    throw exception("SYNTAX_ERROR", "You have excessive ';' symbol before data for INSERT");
  }
  while (text[at] === " " || text[at] === "\t" || text[at] === "\f") at += 1;
  if (text[at] === "\r") at += 1;
  if (text[at] === "\n") at += 1;
  return at;
}

const bytesToText = (text: string): string => Buffer.from(text, "latin1").toString("utf8");

/** The end of `INSERT INTO [TABLE] [FUNCTION] name`, as an index into `tokens`. */
function afterTarget(tokens: readonly Token[]): number {
  let at = isWord(tokens[1], "INTO") ? 2 : 1;
  if (isWord(tokens[at], "TABLE") && !isMark(tokens[at + 1], ".")) at += 1;
  if (isWord(tokens[at], "FUNCTION")) return at + 2;
  if (isMark(tokens[at], "{")) {
    while (at < tokens.length && !isMark(tokens[at], "}")) at += 1;
  }
  at += 1;
  while (isMark(tokens[at], ".")) {
    if (isMark(tokens[at + 1], "{")) {
      while (at < tokens.length && !isMark(tokens[at], "}")) at += 1;
      at += 1;
    } else at += 2;
  }
  return at;
}

/**
 * Read tokens of an INSERT until its data begin, so that binary data are never taken for SQL.
 * Undefined when its rows come from a query instead.
 */
function readInsert(text: string, tokens: Token[], rest: Iterator<Token>): InsertData | undefined {
  const take = (): Token | undefined => {
    const { value, done } = rest.next();
    if (done === true) return undefined;
    tokens.push(value);
    return value;
  };
  // The longest head is `INSERT INTO TABLE {a:Identifier}.{b:Identifier}`: 14 tokens, one ahead.
  let depth = 0;
  let settingsStart: number | undefined;
  for (let token = take(); token !== undefined; token = take()) {
    if (token.kind === "unclosed") return undefined;
    if (isMark(token, "(") || isMark(token, "{")) depth += 1;
    else if (isMark(token, ")") || isMark(token, "}")) depth -= 1;
    if (token.kind !== "word" || tokens.length - 1 < afterTarget(tokens)) continue;
    const isSelect = token.value === "SELECT" || token.value === "WITH";
    if (isSelect && (depth === 0 || isMark(tokens.at(-2), "("))) return undefined;
    if (depth > 0) continue;
    if (token.value === "FROM") return undefined;
    if (token.value === "SETTINGS") settingsStart = token.start;
    if (token.value !== "VALUES" && token.value !== "FORMAT") continue;
    const name = token.value === "FORMAT" ? take() : undefined;
    if (token.value === "FORMAT" && name?.kind !== "word") throw syntaxError(token.end, "");
    const clauseStart = settingsStart ?? token.start;
    const isValues = name === undefined || name.value === "VALUES";
    return {
      target: bytesToText(text.slice(0, clauseStart)).trimEnd(),
      settings: bytesToText(text.slice(clauseStart, token.start)),
      format: isValues ? "Values" : text.slice(name.start, name.end),
      dataStart: name === undefined ? token.end : dataStartAfterFormat(text, name.end),
    };
  }
  return undefined;
}

/**
 * Read a statement.
 *
 * @param head the query text, with as much insert data as has arrived; not changed
 * @throws {Exception} what a ClickHouse server would refuse, and what it would but chDB would not
 */
export function readStatement(head: Uint8Array): Statement {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString("latin1");
  const tokens: Token[] = [];
  const rest = tokenize(text);
  const first = rest.next();
  if (first.done === true || isMark(first.value, ";")) throw syntaxError(0, "");
  tokens.push(first.value);
  const keyword = first.value.value;
  const known = READING.has(keyword) || OTHER.has(keyword);
  if (!isMark(first.value, "(") && (first.value.kind !== "word" || !known)) {
    throw syntaxError(
      first.value.start,
      bytesToText(text.slice(first.value.start, first.value.end)),
    );
  }
  const insert = keyword === "INSERT" ? readInsert(text, tokens, rest) : undefined;
  if (insert !== undefined) {
    refuseForbidden(tokens);
    const shown = bytesToText(text.slice(0, insert.dataStart)).trimEnd();
    return { keyword, text: shown, reads: false, insert, settings: [] };
  }
  for (const token of rest) tokens.push(token);
  refuseForbidden(tokens);
  const end = endOfStatement(tokens, text.length);
  const inserts = tokens.some((token) => isWord(token, "INSERT"));
  if (keyword === "INSERT") refuseInput(tokens, end);
  const format = outputFormat(tokens);
  return {
    keyword,
    text: bytesToText(text.slice(0, end)).trimEnd(),
    reads: (READING.has(keyword) || keyword === "(") && !inserts,
    ...(format === undefined ? {} : { format: text.slice(format.start, format.end) }),
    settings: settingsOf(tokens, text),
  };
}

/** `input()` reads rows while they arrive, which files cannot do; and rows must come from somewhere. */
function refuseInput(tokens: readonly Token[], end: number): void {
  const input = tokens.some(
    (token, index) => isWord(token, "INPUT") && isMark(tokens[index + 1], "("),
  );
  if (input) {
    throw exception("NOT_IMPLEMENTED", "input() is not supported, insert into a table instead");
  }
  const hasQuery = tokens.some((token) => isWord(token, "SELECT") || isWord(token, "WITH"));
  if (!hasQuery && !tokens.some((token) => isWord(token, "FROM"))) throw syntaxError(end, "");
}
