/**
 * `spanledger run`, `inputs`, `decisions`: the questions about one run.
 */
import type { Command } from "commander";
import type { RowsBody, RunBody } from "../../api/shapes.ts";
import { toCsv } from "../../query/csv.ts";
import { PAGE_ROWS_MAX } from "../../query/types.ts";
import { ask } from "../api-client.ts";
import { addLimit, addSharedOptions, checkQuery, given } from "../options.ts";
import { noteTruncation, widthFor, writeJson, writeRows } from "../output.ts";
import { renderContent } from "../render/content.ts";
import { renderDecisions } from "../render/decisions.ts";
import { renderRun } from "../render/run.ts";
import { styleFor } from "../render/style.ts";
import type { CliDeps, SharedOptions } from "../types.ts";

const ID = "the run's id, or its first characters (at least six)";

interface PartOptions extends SharedOptions {
  readonly step?: string;
  readonly limit?: string;
}

/** Add the commands. */
export function addRunCommands(program: Command, deps: CliDeps): void {
  const run = program
    .command("run")
    .description("show one run: who, what, how it ended, and its timeline as a tree")
    .argument("<id>", ID);
  addSharedOptions(addLimit(run)).action(async (id: string, options: PartOptions) => {
    checkQuery("timeline", { run: id });
    const body = await ask<RunBody>(deps, options, runPath(id), { limit: options.limit });
    writeRun(deps, options, body);
  });

  const inputs = program
    .command("inputs")
    .description("show what went into one run, redacted: request, steps, prompts, arguments")
    .argument("<id>", ID)
    .option("--step <step>", "only this step, by name");
  addSharedOptions(addLimit(inputs)).action(async (id: string, options: PartOptions) => {
    const filters = given({ step: options.step });
    checkQuery("inputs", { ...filters, run: id });
    const asked = { ...filters, limit: options.limit };
    const body = await ask<RowsBody>(deps, options, `${runPath(id)}/inputs`, asked);
    writeRows(deps, options.format, body, "inputs of this run", (rows, width, style) => {
      const content = renderContent("Inputs", rows.data, width, style);
      if (content.cut) deps.stderr.write("some of it is cut; --format json shows all\n");
      return content.text;
    });
  });

  const decisions = program
    .command("decisions")
    .description("show the decision path of one run: options, selected, skipped, and why")
    .argument("<id>", ID);
  addSharedOptions(addLimit(decisions)).action(async (id: string, options: PartOptions) => {
    checkQuery("decisions", { run: id });
    // A part of a path misleads, so all of it is the default.
    const limit = options.limit ?? String(PAGE_ROWS_MAX);
    const body = await ask<RowsBody>(deps, options, `${runPath(id)}/decisions`, { limit });
    writeRows(deps, options.format, body, "decisions of this run", (rows, width, style) =>
      renderDecisions(rows.data, width, style),
    );
  });
}

function runPath(id: string): string {
  return `/api/v1/runs/${encodeURIComponent(id.trim())}`;
}

function writeRun(deps: CliDeps, options: SharedOptions, body: RunBody): void {
  const { timeline } = body.meta;
  if (options.format === "json") writeJson(deps, body.data);
  else if (options.format === "csv") {
    deps.stdout.write(toCsv(timeline.columns, body.data.timeline));
  } else deps.stdout.write(renderRun(body, widthFor(deps), styleFor(deps)));
  noteTruncation(deps, timeline);
}
