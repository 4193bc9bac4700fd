/**
 * Spans of one trace in the order of a tree.
 *
 * In: rows with TraceId, SpanId, ParentSpanId, in order of time. Out: the traces in order, each
 * with its rows depth first. Pure.
 *
 * Rows come from strangers: an unknown parent makes a root, a circle is broken at its first row,
 * and no depth can exhaust the stack.
 */
import type { QueryRow } from "../../query/types.ts";

/** A row and how deep it hangs. */
export interface TreeRow {
  readonly row: QueryRow;
  readonly depth: number;
}

/** One trace: a run has one, and one more for each time that it was resumed. */
export interface Trace {
  readonly traceId: string;
  readonly rows: readonly TreeRow[];
}

/** Order the rows of a run's timeline as one tree per trace. */
export function toTraces(rows: readonly QueryRow[]): readonly Trace[] {
  const byTrace = Map.groupBy(rows, (row) => String(row.TraceId));
  return [...byTrace].map(([traceId, traceRows]) => ({ traceId, rows: toTree(traceRows) }));
}

function toTree(rows: readonly QueryRow[]): readonly TreeRow[] {
  const ids = new Set(rows.map((row) => row.SpanId));
  const children = Map.groupBy(rows, (row) => row.ParentSpanId);
  const roots = rows.filter((row) => !ids.has(row.ParentSpanId));
  const seen = new Set<QueryRow>();
  const ordered: TreeRow[] = [];
  // Rows in a circle hang on no root; the second pass starts at the first of them.
  for (const start of [...roots, ...rows]) {
    const stack: TreeRow[] = [{ row: start, depth: 0 }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (seen.has(next.row)) continue;
      seen.add(next.row);
      ordered.push(next);
      const depth = next.depth + 1;
      for (const row of (children.get(next.row.SpanId) ?? []).toReversed()) {
        stack.push({ row, depth });
      }
    }
  }
  return ordered;
}
