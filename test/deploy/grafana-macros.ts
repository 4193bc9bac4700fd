/**
 * What Grafana and its ClickHouse data source do to a query before ClickHouse sees it.
 *
 * In: the query as it stands in a panel, the chosen variables, time range and interval. Out: SQL.
 * Pure. Written from the data source's documentation and behaviour (4.20.0), knowing nothing of our
 * dashboards: first `$__conditionalAll`, then Grafana's variables, then the backend's macros.
 */

/** Values of variables. `"all"` is the choice "All" of a list; a string is a text box. */
export type Variables = Readonly<Record<string, "all" | readonly string[] | { text: string }>>;

export interface QueryContext {
  readonly variables: Variables;
  readonly from: Date;
  readonly to: Date;
  readonly intervalMs: number;
}

const CONDITIONAL_ALL = "$__conditionalAll(";

/** Expand everything; what is unknown is an error, as ClickHouse would refuse it. */
export function expandQuery(query: string, context: QueryContext): string {
  const conditioned = expandConditionalAll(query, context.variables);
  const filled = fillVariables(conditioned, context.variables);
  const sql = expandMacros(filled, context);
  if (sql.includes("$"))
    throw new Error(`a "$" is left: ${sql.slice(sql.indexOf("$")).slice(0, 60)}`);
  return sql;
}

/** `$__conditionalAll(condition, $variable)`: the condition, or `1=1` when the variable is All or empty. */
function expandConditionalAll(query: string, variables: Variables): string {
  let text = query;
  for (
    let at = text.lastIndexOf(CONDITIONAL_ALL);
    at !== -1;
    at = text.lastIndexOf(CONDITIONAL_ALL)
  ) {
    const { args, end } = readArguments(text, at + CONDITIONAL_ALL.length);
    const name = /^\$\{?(\w+)\}?$/.exec(args[1]?.trim() ?? "")?.[1];
    if (args.length !== 2 || name === undefined) {
      throw new Error(
        `$__conditionalAll takes a condition and a plain variable: ${args.join(",")}`,
      );
    }
    const value = choiceOf(variables, name);
    const isOff = value === "all" || ("text" in value && value.text === "");
    text = text.slice(0, at) + (isOff ? "1=1" : args[0]) + text.slice(end);
  }
  return text;
}

/** The arguments from `start`, just behind the opening bracket; commas in inner brackets do not split. */
function readArguments(text: string, start: number): { args: readonly string[]; end: number } {
  const args: string[] = [];
  let depth = 1;
  let from = start;
  for (let index = start; index < text.length; index += 1) {
    const char = text[index];
    if (char === "(") depth += 1;
    if (char === ")") depth -= 1;
    if ((char === "," && depth === 1) || depth === 0) {
      args.push(text.slice(from, index));
      from = index + 1;
    }
    if (depth === 0) return { args, end: index + 1 };
  }
  throw new Error("a macro's bracket is never closed");
}

function choiceOf(variables: Variables, name: string): Variables[string] {
  const value = variables[name];
  if (value === undefined) throw new Error(`the dashboard has no variable ${name}`);
  return value;
}

/** `${name:singlequote}` alone: what is put into SQL in any other way is not quoted. */
function fillVariables(query: string, variables: Variables): string {
  return query.replaceAll(/\$\{(\w+)(?::(\w+))?\}/g, (_, name: string, format?: string) => {
    if (format !== "singlequote") throw new Error(`variable ${name} is put into SQL unquoted`);
    const value = choiceOf(variables, name);
    if (value === "all") throw new Error(`variable ${name} is used while it is All`);
    const values = "text" in value ? [value.text] : value;
    return values.map((item) => `'${item.replaceAll("'", "\\'")}'`).join(",");
  });
}

function expandMacros(query: string, context: QueryContext): string {
  const from = `toDateTime(${Math.floor(context.from.getTime() / 1000)})`;
  const to = `toDateTime(${Math.floor(context.to.getTime() / 1000)})`;
  const seconds = Math.max(1, Math.floor(context.intervalMs / 1000));
  const macros: Readonly<Record<string, (arg: string) => string>> = {
    fromTime: () => from,
    toTime: () => to,
    interval_s: () => String(seconds),
    timeFilter: (column) => `${column} >= ${from} AND ${column} <= ${to}`,
    timeInterval: (column) =>
      `toStartOfInterval(toDateTime(${column}), INTERVAL ${seconds} second)`,
  };
  return query.replaceAll(/\$__(\w+)(?:\(([^()]*)\))?/g, (_, name: string, arg?: string) => {
    const macro = macros[name];
    if (macro === undefined) throw new Error(`$__${name} is no macro of the data source`);
    return macro(arg ?? "");
  });
}
