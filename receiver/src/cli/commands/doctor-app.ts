/**
 * `spanledger doctor --app`: what the one import will record of an application, and why not more.
 *
 * In: the application's folder. Out: one row per library and per thing that commonly goes wrong.
 * Side effect: a process runs the check that comes with the application's own copy of
 * `@spanledger/register`, so the versions that it supports are those that count, and this package
 * depends on no instrumentation.
 */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { escapeControls } from "../../query/escape.ts";
import type { QueryColumn, QueryRow } from "../../query/types.ts";
import { CliError } from "../errors.ts";
import { type TextLayout, writeRows } from "../output.ts";
import type { CliDeps, Format } from "../types.ts";

/** The program, as the application finds it. */
const CHECK = "@spanledger/register/check";

/** Longest time that the check may take, in milliseconds: it reads a few files. */
const CHECK_MAX_MS = 30_000;

const COLUMNS: readonly QueryColumn[] = [
  { name: "Check", kind: "id" },
  { name: "Status", kind: "result" },
  { name: "Detail", kind: "text" },
  { name: "Change", kind: "text" },
];

const findingsSchema = z.array(
  z.object({ check: z.string(), status: z.string(), detail: z.string(), change: z.string() }),
);
type Findings = z.infer<typeof findingsSchema>;

/** @throws {CliError} `CLI_UNHEALTHY` where something would not be recorded at all */
export async function diagnoseApplication(
  deps: CliDeps,
  format: Format,
  folder: string,
): Promise<void> {
  const findings = await findingsOf(resolve(folder));
  const rows: QueryRow[] = findings
    .filter(({ status }) => format !== "table" || status !== "absent")
    .map(({ check, status, detail, change }) => ({
      Check: check,
      Status: status,
      Detail: detail,
      Change: change,
    }));
  const meta = { columns: COLUMNS, rows: rows.length, limit: rows.length, truncated: false };
  writeRows(deps, format, { data: rows, meta }, "findings", layOut);
  const absent = findings.filter(({ status }) => status === "absent");
  if (format === "table" && absent.length > 0) {
    deps.stderr.write(`not installed: ${absent.map(({ check }) => check).join(", ")}\n`);
  }
  const failed = findings.filter(({ status }) => status === "failed");
  if (failed.length === 0) return;
  throw new CliError("CLI_UNHEALTHY", `failed: ${failed.map(({ check }) => check).join(", ")}`);
}

/** A line for each finding, and one below it for what to change: nothing is cut off. */
const layOut: TextLayout = ({ data }) => {
  const cell = (value: unknown): string => escapeControls(String(value), "escape lines");
  const width = Math.max(...data.map(({ Check }) => cell(Check).length));
  const lines = data.flatMap(({ Check, Status, Detail, Change }) => {
    const first = `${cell(Status).padEnd(9)}  ${cell(Check).padEnd(width)}  ${cell(Detail)}`;
    return Change === "" ? [first] : [first, `${" ".repeat(width + 13)}→ ${cell(Change)}`];
  });
  return `${lines.join("\n")}\n`;
};

async function findingsOf(folder: string): Promise<Findings> {
  const program = programOf(folder);
  if (program === undefined) {
    return [
      {
        check: "@spanledger/register",
        status: "failed",
        detail: `not found from ${folder}`,
        change: "npm install @spanledger/register",
      },
    ];
  }
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...conditions(), program, folder],
      { timeout: CHECK_MAX_MS },
    );
    return findingsSchema.parse(JSON.parse(stdout));
  } catch (error) {
    throw new CliError("CLI_ANSWER", "the check of @spanledger/register failed", error);
  }
}

function programOf(folder: string): string | undefined {
  try {
    return createRequire(join(folder, "index.js")).resolve(CHECK);
  } catch {
    return undefined;
  }
}

/** Under which conditions packages are resolved; of this process's flags, nothing else matters. */
function conditions(): readonly string[] {
  return process.execArgv.filter((flag) => /^(?:-C|--conditions)=/.test(flag));
}
