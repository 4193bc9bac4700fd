/**
 * Every named audit query.
 */
import { CONTENT_QUERIES } from "./catalogue/content.ts";
import { DEFINITION_QUERIES } from "./catalogue/definitions.ts";
import { EVENT_QUERIES } from "./catalogue/events.ts";
import { RUN_QUERIES } from "./catalogue/runs.ts";
import { SUMMARY_QUERIES } from "./catalogue/summaries.ts";
import type { AuditQuery } from "./types.ts";

/** The named queries, in the order in which they are listed. */
export const QUERIES: readonly AuditQuery[] = [
  ...RUN_QUERIES,
  ...CONTENT_QUERIES,
  ...EVENT_QUERIES,
  ...SUMMARY_QUERIES,
  ...DEFINITION_QUERIES,
];
