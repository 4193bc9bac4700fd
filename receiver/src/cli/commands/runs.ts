/**
 * `spanledger runs`: which runs there are.
 */
import { RUN_RESULTS } from "@spanledger/schema";
import type { Command } from "commander";
import type { RowsBody } from "../../api/shapes.ts";
import { ask } from "../api-client.ts";
import { addLimit, addSharedOptions, checkQuery, given } from "../options.ts";
import { writeRows } from "../output.ts";
import type { CliDeps, SharedOptions } from "../types.ts";

interface RunsOptions extends SharedOptions {
  readonly workflow?: string;
  readonly status?: string;
  readonly since?: string;
  readonly until?: string;
  readonly actor?: string;
  readonly limit?: string;
}

const EXAMPLES = `
Examples:
  spanledger runs --workflow lead-triage --status failure --since 1h
  spanledger runs --actor ada@example.com --format csv > runs.csv`;

/** Add the command. */
export function addRunsCommand(program: Command, deps: CliDeps): void {
  const command = program
    .command("runs")
    .description("list runs, newest first")
    .option("-w, --workflow <workflow>", "only this workflow, by id or name")
    .option("-s, --status <result>", `only this result: ${RUN_RESULTS.join(", ")}`)
    .option("--since <time>", "only from then on: 90s, 15m, 1h, 7d ago, or an ISO time")
    .option("--until <time>", "only before then: an age or an ISO time")
    .option("--actor <actor>", "only what this person or service started")
    .addHelpText("after", EXAMPLES);
  addSharedOptions(addLimit(command)).action(async (options: RunsOptions) => {
    const { workflow, status, since, until, actor, limit } = options;
    const filters = given({ workflow, status, since, until, actor });
    checkQuery("runs", filters);
    const body = await ask<RowsBody>(deps, options, "/api/v1/runs", { ...filters, limit });
    writeRows(deps, options.format, body, "runs");
  });
}
