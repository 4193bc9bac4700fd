/**
 * `spanledger query`: the named audit queries.
 */
import { type Command, InvalidArgumentError } from "commander";
import type { RowsBody } from "../../api/shapes.ts";
import { QUERIES } from "../../query/catalogue.ts";
import { type AuditQuery, PAGE_ROWS_MAX, type QueryParameter } from "../../query/types.ts";
import { ask } from "../api-client.ts";
import { CliError } from "../errors.ts";
import { addLimit, addSharedOptions, checkQuery } from "../options.ts";
import { widthFor, writeRows } from "../output.ts";
import type { CliDeps, SharedOptions } from "../types.ts";

interface QueryOptions extends SharedOptions {
  readonly param?: Readonly<Record<string, string>>;
  readonly limit?: string;
  readonly list?: boolean;
  readonly help?: boolean;
}

const EXAMPLES = `
Examples:
  spanledger query --list
  spanledger query failures-by-step --help
  spanledger query failures-by-step --param workflow=lead-triage --param since=7d`;

/** Add the command. */
export function addQueryCommand(program: Command, deps: CliDeps): void {
  const command = program
    .command("query")
    .description("answer a named audit query")
    .argument("[name]", "the query's name; --list shows all")
    .option("-p, --param <key=value>", "a parameter; repeat for more", collect)
    .option("-l, --list", "list the queries")
    // Ours, so that `query NAME --help` can tell about that query.
    .helpOption(false)
    .option("-h, --help", "print help, or with a name what that query takes")
    .addHelpText("after", EXAMPLES);
  addSharedOptions(addLimit(command)).action(
    async (name: string | undefined, options: QueryOptions) => {
      if (options.list === true) return listQueries(deps, options);
      if (options.help === true) {
        const text = name === undefined ? command.helpInformation() + EXAMPLES : describe(name);
        deps.stdout.write(`${text.trimEnd()}\n`);
        return;
      }
      if (name === undefined) {
        throw new CliError("CLI_USAGE", "name a query; spanledger query --list shows them");
      }
      await answer(deps, name, options);
    },
  );
}

async function answer(deps: CliDeps, name: string, options: QueryOptions): Promise<void> {
  const parameters = options.param ?? {};
  const query = checkQuery(name, parameters);
  const asked: Record<string, string | undefined> = { limit: options.limit };
  for (const [key, value] of Object.entries(parameters)) asked[`param.${key}`] = value;
  const body = await ask<RowsBody>(deps, options, `/api/v1/queries/${query.name}`, asked);
  writeRows(deps, options.format, body, "rows");
}

function collect(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("A parameter is written key=value.");
  const key = text.slice(0, at);
  if (Object.hasOwn(before, key)) throw new InvalidArgumentError(`${key} is given twice.`);
  // From entries, so that no key means anything but itself.
  return Object.fromEntries([...Object.entries(before), [key, text.slice(at + 1)]]);
}

function listQueries(deps: CliDeps, options: QueryOptions): void {
  const rows = QUERIES.map((query) => ({
    Name: query.name,
    Description: query.description,
    Parameters: query.parameters.map((p) => (p.required ? p.name : `[${p.name}]`)),
    Question: query.question,
  }));
  const columns = [
    { name: "Name", kind: "id" },
    { name: "Description", kind: "text" },
    { name: "Parameters", kind: "list" },
    { name: "Question", kind: "text", tableHidden: true },
  ] as const;
  const meta = { columns, rows: rows.length, limit: rows.length, truncated: false };
  if (options.format !== "table") {
    writeRows(deps, options.format, { data: rows, meta }, "queries");
    return;
  }
  const nameWidth = Math.max(...QUERIES.map((query) => query.name.length));
  const width = widthFor(deps);
  const help = QUERIES.map((query) => {
    const names = query.parameters.map((p) => (p.required ? p.name : `[${p.name}]`)).join(" ");
    const gap = " ".repeat(nameWidth + 2);
    const line = `${query.name.padEnd(nameWidth)}  ${query.description}`;
    return line.length + names.length + 2 > width ? `${line}\n${gap}${names}` : `${line}  ${names}`;
  });
  deps.stdout.write(`${help.join("\n")}\n`);
}

function describe(name: string): string {
  const query = findForHelp(name);
  const parameters = query.parameters.map(describeParameter);
  return [
    `${query.title}: ${query.description}`,
    `Answers: ${query.question}`,
    "",
    `Usage: spanledger query ${query.name}${query.parameters
      .filter((parameter) => parameter.required)
      .map((parameter) => ` --param ${parameter.name}=…`)
      .join("")} [--param key=value …] [--limit rows] [--format table|json|csv]`,
    "",
    "Parameters:",
    ...(parameters.length === 0 ? ["  none"] : parameters),
    "",
    `Rows: ${query.defaultLimit}, up to ${PAGE_ROWS_MAX} with --limit`,
    `Columns: ${query.columns.map((column) => column.name).join(", ")}`,
  ].join("\n");
}

/** Checking without parameters would miss the required ones, so only the name is checked. */
function findForHelp(name: string): AuditQuery {
  return QUERIES.find((query) => query.name === name) ?? checkQuery(name, {});
}

function describeParameter(parameter: QueryParameter): string {
  const head = `  ${parameter.name.padEnd(10)} ${parameter.required ? "required" : "optional"}  `;
  const choices = parameter.choices === undefined ? "" : ` (${parameter.choices.join(", ")})`;
  return `${head}${parameter.description}${choices}`;
}
