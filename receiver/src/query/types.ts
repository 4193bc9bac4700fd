/**
 * What a named audit query is, as data.
 *
 * A query reads the audit views only, never a table, and takes every value as a ClickHouse
 * parameter. The catalogue, the API, the CLI and the documentation are all derived from it.
 */

/** What the caller may write for a parameter, and how it is checked. */
type ParameterType =
  /** Any text; turned into what is stored (personal data into tokens) before it is compared. */
  | "text"
  /** A run id, whole or a unique prefix of at least six characters. */
  | "run"
  /** One word of a fixed list. */
  | "choice"
  /** An age such as `90s`, `15m`, `1h`, `7d`, or an ISO time. */
  | "time";

/** One parameter of a query. */
export interface QueryParameter {
  readonly name: string;
  readonly type: ParameterType;
  readonly required: boolean;
  /** What is bound when the caller gives nothing; part of the SQL's contract, not for people. */
  readonly default: string | number | null;
  readonly description: string;
  /** The words that a `choice` may be. */
  readonly choices?: readonly string[];
}

/** How a column is shown; the value itself is never changed. */
export type ColumnKind =
  | "text"
  /** Never cut, in any width. */
  | "id"
  /** A time, shown to the second. */
  | "time"
  /** A time, shown to the millisecond. */
  | "instant"
  /** Milliseconds. */
  | "duration"
  | "count"
  /** 0 to 1. */
  | "share"
  | "number"
  | "flag"
  | "list"
  /** A map or other structure. */
  | "object"
  /** Stored content, often long JSON. */
  | "content"
  /** The result of a run, step or approval; coloured on a terminal. */
  | "result";

/** One column of an answer. */
export interface QueryColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Heading in tables; @default the name */
  readonly label?: string;
  /** Left out of tables, for want of width; always in JSON and CSV. */
  readonly tableHidden?: boolean;
}

/** A named audit query. */
export interface AuditQuery {
  /** Lower-case words with hyphens. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The question it answers, as a person would ask it. */
  readonly question: string;
  readonly parameters: readonly QueryParameter[];
  readonly columns: readonly QueryColumn[];
  /** Rows of a page when the caller names no limit. */
  readonly defaultLimit: number;
  /** With `{workspace:String}` and `{limit:UInt32}`, the parameters, and nothing else bound. */
  readonly sql: string;
}

/** One row of an answer, by column name. */
export type QueryRow = Readonly<Record<string, unknown>>;

/** The answer of a query. */
export interface QueryResult {
  readonly columns: readonly QueryColumn[];
  readonly rows: readonly QueryRow[];
  /** Rows asked for. */
  readonly limit: number;
  /** Whether there are more rows than were asked for. */
  readonly truncated: boolean;
}

/** Most rows of one page: 10,000, some 15 MB of timeline, which a terminal and a browser still take. */
export const PAGE_ROWS_MAX = 10_000;

/** Rows of a page of a list when the caller names no limit. */
export const PAGE_ROWS_DEFAULT = 100;
