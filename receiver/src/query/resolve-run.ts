/**
 * Finding the one run that a person means by an id or its beginning.
 *
 * In: a run id, whole or a prefix, in either case. Out: the stored id.
 * Side effect: one read in ClickHouse.
 */
import { VIEWS } from "@spanledger/schema";
import { QueryError } from "./errors.ts";
import { type QueryContext, select } from "./select.ts";

/** Runs that an ambiguous prefix's message names at most. */
const CANDIDATES_MAX = 5;

/*
 * Spans are ordered by run id, so the prefix is compared as it stands there, in the three ways in
 * which ids are written; the runs are few enough to be compared in lower case. A run whose root
 * span has not ended is in the timeline alone, one whose spans have expired is in the runs alone.
 */
const CANDIDATES = `
SELECT RunId FROM
(
    SELECT RunId FROM ${VIEWS.auditRuns}
    WHERE WorkspaceId = {workspace:String} AND startsWith(lower(RunId), lower({run:String}))
    UNION ALL
    SELECT RunId FROM ${VIEWS.auditTimeline}
    WHERE WorkspaceId = {workspace:String} AND (startsWith(RunId, {run:String})
        OR startsWith(RunId, upper({run:String})) OR startsWith(RunId, lower({run:String})))
    LIMIT 1 BY RunId
)
GROUP BY RunId
ORDER BY lower(RunId) != lower({run:String}), RunId
LIMIT {limit:UInt32}`;

/**
 * Resolve a run id or a prefix of one.
 *
 * A whole id wins over longer ids that begin with it.
 *
 * @throws {QueryError} `RUN_UNKNOWN`; `RUN_AMBIGUOUS`, the message names the first candidates
 */
export async function resolveRun(text: string, context: QueryContext): Promise<string> {
  const rows = await select(CANDIDATES, { run: text, limit: CANDIDATES_MAX + 1 }, context);
  const ids = rows.map((row) => String(row.RunId));
  const exact = ids.find((id) => id === text) ?? wholeId(ids, text);
  if (exact !== undefined) return exact;
  const [only] = ids;
  if (only === undefined) {
    throw new QueryError("RUN_UNKNOWN", `there is no run ${JSON.stringify(text)}`);
  }
  if (ids.length === 1) return only;
  const more = ids.length > CANDIDATES_MAX ? " and more" : "";
  const shown = ids.slice(0, CANDIDATES_MAX).join(", ");
  throw new QueryError(
    "RUN_AMBIGUOUS",
    `run ${JSON.stringify(text)} could be ${shown}${more}; give more of the id`,
  );
}

/** The id that is the same but for its case, when only one is. */
function wholeId(ids: readonly string[], text: string): string | undefined {
  const same = ids.filter((id) => id.toLowerCase() === text.toLowerCase());
  return same.length === 1 ? same[0] : undefined;
}
