/**
 * The shapes of the API's answers; the CLI reads the same types.
 */
import type { AuditQuery, QueryColumn, QueryResult, QueryRow } from "../query/types.ts";

/** About an answer. */
export interface AnswerMeta {
  readonly columns: readonly QueryColumn[];
  /** Rows in this answer. */
  readonly rows: number;
  readonly limit: number;
  /** Whether there are more rows than `limit`. */
  readonly truncated: boolean;
}

/** An answer of rows. */
export interface RowsBody {
  readonly data: readonly QueryRow[];
  readonly meta: AnswerMeta;
}

/** The answer of `/api/v1/runs/:id`. */
export interface RunBody {
  readonly data: {
    readonly runId: string;
    /** Null while the root span has not ended. */
    readonly run: QueryRow | null;
    readonly timeline: readonly QueryRow[];
  };
  readonly meta: {
    readonly run: Pick<AnswerMeta, "columns">;
    readonly timeline: AnswerMeta;
  };
}

/** A query as the API lists it: everything but its SQL. */
export type QueryDescription = Omit<AuditQuery, "sql">;

/** The answer when something is wrong. */
export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string };
}

export function toMeta(result: QueryResult): AnswerMeta {
  const { columns, rows, limit, truncated } = result;
  return { columns, rows: rows.length, limit, truncated };
}

export function toBody(result: QueryResult): RowsBody {
  return { data: result.rows, meta: toMeta(result) };
}

export function describeQuery(query: AuditQuery): QueryDescription {
  const { sql: _, ...description } = query;
  return description;
}
