/**
 * What the queries of every panel share: the scope that the dashboard's variables choose, the
 * selected run, and the meaning of results.
 *
 * Pure text. `$name` and `${name:singlequote}` are Grafana's variables, `$__name` macros of the
 * data source; neither is known to ClickHouse.
 */
import { type RunResult, VIEWS } from "@spanledger/schema";
import { variable } from "./grafana.ts";

/** Results that count as a failed run. */
export const FAILED_RESULTS: readonly RunResult[] = ["failure", "timeout"];

/** One colour per meaning, the same in every panel. */
export const RESULT_COLORS: Readonly<Record<RunResult, string>> = {
  success: "green",
  failure: "red",
  partial: "orange",
  timeout: "dark-red",
  cancellation: "text",
  paused: "blue",
};

/** SQL list of string literals. The values are constants of the schema, never input. */
export function literals(values: readonly string[]): string {
  return values.map((value) => `'${value}'`).join(", ");
}

/** Workspace and workflow as chosen above the panels; "All" costs no condition. */
export const IN_CHOSEN: string = [
  `$__conditionalAll(WorkspaceId IN (${variable("workspace", "singlequote")}), $workspace)`,
  `$__conditionalAll(WorkflowId IN (${variable("workflow", "singlequote")}), $workflow)`,
].join("\n  AND ");

/** The chosen workspace and workflow within the chosen time. */
export function inScope(timeColumn: string): string {
  return `$__timeFilter(${timeColumn})\n  AND ${IN_CHOSEN}`;
}

const RUN = variable("run", "singlequote");

/**
 * The run that the lower part of the dashboard shows: the run id in the text box or, when the box
 * is empty, the latest run in scope. The sub-query reads nothing when the box is filled.
 */
export const WITH_SELECTED_RUN: string = `WITH if(${RUN} != '', ${RUN}, (
  SELECT argMax(RunId, StartedAt)
  FROM ${VIEWS.auditRuns}
  WHERE ${RUN} = ''
  AND ${inScope("StartedAt")}
)) AS SelectedRun`;
