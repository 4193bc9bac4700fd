/**
 * `spanledger definition`: which roads a workflow has, and what changed between two versions.
 */
import { type Command, Option } from "commander";
import type { RowsBody } from "../../api/shapes.ts";
import { type Definition, diffDefinitions, parseDefinition } from "../../query/definition.ts";
import type { QueryColumn, QueryRow } from "../../query/types.ts";
import { ask } from "../api-client.ts";
import { CliError } from "../errors.ts";
import { addLimit, addSharedOptions, checkQuery } from "../options.ts";
import { noteTruncation, widthFor, writeJson, writeRows } from "../output.ts";
import { renderDefinition, renderDefinitionDiff } from "../render/definition.ts";
import { styleFor } from "../render/style.ts";
import { line } from "../render/values.ts";
import type { CliDeps, SharedOptions } from "../types.ts";

/** Shortest beginning of a digest that names it, in characters. */
const DIGEST_PREFIX_CHARS_MIN = 6;

const EXAMPLES = `
A definition is named by its version, or by the first characters of its SHA-256 (at least six).
Examples:
  spanledger definition lead-triage
  spanledger definition lead-triage --diff 1.4.0 1.5.0`;

const CHANGE_COLUMNS: readonly QueryColumn[] = [
  { name: "Change", kind: "text" },
  { name: "Kind", kind: "text" },
  { name: "Item", kind: "text" },
  { name: "Before", kind: "text" },
  { name: "After", kind: "text" },
];

interface DefinitionOptions extends SharedOptions {
  readonly of?: string;
  readonly diff?: readonly string[];
  readonly limit?: string;
}

/** Add the command. */
export function addDefinitionCommand(program: Command, deps: CliDeps): void {
  const command = program
    .command("definition")
    .description("show the nodes and edges of a workflow, or what changed between two versions")
    .argument("<workflow>", "the workflow, by id or name")
    .option("--of <which>", "the definition of this version or digest; the newest by default")
    .addOption(
      new Option("--diff <which...>", "two versions or digests, older first").conflicts("of"),
    )
    .addHelpText("after", EXAMPLES);
  addSharedOptions(addLimit(command)).action(
    async (workflow: string, options: DefinitionOptions) => {
      const { diff } = options;
      if (diff !== undefined && diff.length !== 2) {
        throw new CliError("CLI_USAGE", "--diff takes two versions or digests, after the workflow");
      }
      checkQuery("definitions", { workflow });
      const asked = { workflow, limit: options.limit };
      const body = await ask<RowsBody>(deps, options, "/api/v1/definitions", asked);
      const [from, to] = diff ?? [];
      if (from !== undefined && to !== undefined) writeDiff(deps, options, body, [from, to]);
      else writeOne(deps, options, body);
    },
  );
}

function writeOne(deps: CliDeps, options: DefinitionOptions, body: RowsBody): void {
  const row = options.of === undefined ? body.data[0] : find(body.data, options.of);
  const data = options.of === undefined || row === undefined ? body.data : [row];
  writeRows(deps, options.format, { ...body, data }, "definition of this workflow", () =>
    renderDefinition(
      row ?? {},
      body.data.filter((other) => other !== row),
      widthFor(deps),
      styleFor(deps),
    ),
  );
}

function writeDiff(
  deps: CliDeps,
  options: DefinitionOptions,
  body: RowsBody,
  names: readonly [string, string],
): void {
  const [before, after] = [find(body.data, names[0]), find(body.data, names[1])];
  const changes = diffDefinitions(contentsOf(before), contentsOf(after));
  const rows = changes.map(({ change, kind, item, before: was, after: is }) => ({
    Change: change,
    Kind: kind,
    Item: item,
    Before: was,
    After: is,
  }));
  if (options.format === "table") {
    deps.stdout.write(renderDefinitionDiff(before, after, changes, styleFor(deps)));
    noteTruncation(deps, body.meta);
  } else if (options.format === "json") writeJson(deps, rows);
  else {
    const meta = { columns: CHANGE_COLUMNS, rows: rows.length, limit: rows.length };
    writeRows(deps, "csv", { data: rows, meta: { ...meta, truncated: false } }, "differences");
  }
}

/** @throws {CliError} `CLI_NOTHING`, `CLI_USAGE` when several fit */
function find(rows: readonly QueryRow[], which: string): QueryRow {
  if (rows.length === 0) throw new CliError("CLI_NOTHING", "no definition of this workflow found");
  const fitting = rows.filter((row) => fits(row, which));
  const [only] = fitting;
  if (only === undefined) {
    throw new CliError("CLI_NOTHING", `this workflow has no definition ${JSON.stringify(which)}`);
  }
  if (fitting.length === 1) return only;
  const digests = fitting.map((row) => `${line(row.WorkflowId)} ${line(row.Sha256)}`).join(", ");
  throw new CliError(
    "CLI_USAGE",
    `${JSON.stringify(which)} names several definitions; give more of the digest: ${digests}`,
  );
}

function fits(row: QueryRow, which: string): boolean {
  const versions: readonly unknown[] = Array.isArray(row.Versions) ? row.Versions : [];
  if (versions.includes(which)) return true;
  if (which.length < DIGEST_PREFIX_CHARS_MIN) return false;
  return String(row.Sha256).startsWith(which.toLowerCase());
}

/** @throws {CliError} `CLI_NOTHING` */
function contentsOf(row: QueryRow): Definition {
  const definition = parseDefinition(String(row.Definition ?? ""));
  if (definition !== undefined) return definition;
  const which = line(row.Sha256);
  throw new CliError("CLI_NOTHING", `nodes and edges of ${which} are not in the record`);
}
