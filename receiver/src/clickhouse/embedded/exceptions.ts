/**
 * ClickHouse exceptions: their text, their codes and the HTTP status of each.
 *
 * In: an error of the engine, or a code and words of our own. Out: one {@link Exception} with
 * the text that a ClickHouse server would send. Pure.
 *
 * The status table is that of ClickHouse's `exceptionCodeToHTTPStatus`.
 */

/** Codes that this interface raises itself; the names are ClickHouse's. */
export const CODES = {
  BAD_ARGUMENTS: 36,
  NOT_IMPLEMENTED: 48,
  UNKNOWN_TYPE_OF_QUERY: 49,
  QUERY_IS_TOO_LARGE: 55,
  SYNTAX_ERROR: 62,
  UNKNOWN_SETTING: 115,
  UNKNOWN_ROLE: 511,
  ZLIB_INFLATE_FAILED: 354,
  INTO_OUTFILE_NOT_ALLOWED: 153,
  READONLY: 164,
  SESSION_NOT_FOUND: 372,
  SESSION_IS_LOCKED: 373,
  INVALID_SESSION_TIMEOUT: 374,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
  SOCKET_TIMEOUT: 209,
  QUERY_WAS_CANCELLED: 394,
  ACCESS_DENIED: 497,
  AUTHENTICATION_FAILED: 516,
  UNKNOWN_EXCEPTION: 1002,
} as const;

export type ExceptionName = keyof typeof CODES;

const STATUS_BY_CODE: ReadonlyMap<number, number> = new Map<number, number>([
  [194, 401],
  ...[192, 193, 497, 512, 516].map((code): [number, number] => [code, 403]),
  ...[
    6, 8, 25, 26, 27, 36, 38, 41, 44, 53, 62, 72, 117, 167, 168, 223, 224, 321, 376, 427, 441, 675,
    676,
  ].map((code): [number, number] => [code, 400]),
  ...[15, 230, 235].map((code): [number, number] => [code, 400]),
  ...[46, 47, 49, 50, 56, 60, 63, 73, 81, 106, 115, 336, 511].map((code): [number, number] => [
    code,
    404,
  ]),
  [55, 413],
  [48, 501],
  [76, 503],
  [209, 503],
  [439, 503],
  [381, 411],
  [159, 408],
]);

/** A ClickHouse exception on its way to a client. */
export class Exception extends Error {
  readonly code: number;
  readonly codeName: string;

  constructor(code: number, codeName: string, message: string) {
    super(message);
    this.name = "Exception";
    this.code = code;
    this.codeName = codeName;
  }
}

/** An exception that this interface raises itself. */
export function exception(name: ExceptionName, message: string): Exception {
  return new Exception(CODES[name], name, message);
}

/** The HTTP status that ClickHouse sends for a code; 500 for those it does not list. */
export function statusOf(code: number): number {
  return STATUS_BY_CODE.get(code) ?? 500;
}

/** The body of an error answer, as a server writes it. */
export function exceptionText(error: Exception, version: string): string {
  const words = error.message.endsWith(".") ? error.message : `${error.message}.`;
  return `Code: ${error.code}. DB::Exception: ${words} (${error.codeName}) (version ${version})\n`;
}

const LAYER =
  /^Code: (\d+)\. DB::(?:Net)?Exception: ([\s\S]*?)\.? ?\(([A-Z][A-Z0-9_]+)\)(?: \(version [^()]*(?:\([^()]*\))?\))?\.?\s*$/;

/**
 * Read an error of the engine. It repeats itself once per layer it passed ("Code: 73.
 * DB::Exception: Code: 73. …"); the innermost layer is what a server would say. Names of spool
 * files are taken out: a client never knew them.
 */
export function parseEngineError(error: unknown): Exception {
  let words = error instanceof Error ? error.message : String(error);
  let code: number = CODES.UNKNOWN_EXCEPTION;
  let codeName = "UNKNOWN_EXCEPTION";
  for (let layer = LAYER.exec(words); layer !== null; layer = LAYER.exec(words)) {
    const [, digits = "", inner = "", name = ""] = layer;
    code = Number(digits);
    codeName = name;
    words = inner;
  }
  words = words
    .replaceAll(/:? ?\(in file\/uri [^)]*\)/g, "")
    .replaceAll("data for INSERT was parsed from file", "data for INSERT was parsed from query");
  return new Exception(code, codeName, words === "" ? "The engine gave no reason" : words);
}
