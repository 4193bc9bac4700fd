/**
 * `spanledger doctor`: how the write side is, another try for what is in quarantine, and how an
 * application stands.
 *
 * Exit codes: 0 all is well or needs attention, 1 nothing to try again, 3 something failed.
 */
import type { Command } from "commander";
import {
  CHECK_COLUMNS,
  type DoctorBody,
  REDRIVE_COLUMNS,
  type RedriveBody,
} from "../../api/operations.ts";
import type { RowsBody } from "../../api/shapes.ts";
import type { QueryColumn, QueryRow } from "../../query/types.ts";
import { ask } from "../api-client.ts";
import { CliError } from "../errors.ts";
import { addSharedOptions } from "../options.ts";
import { writeJson, writeRows } from "../output.ts";
import type { CliDeps, SharedOptions } from "../types.ts";
import { diagnoseApplication } from "./doctor-app.ts";

interface DoctorOptions extends SharedOptions {
  readonly redrive?: string | true;
  readonly app?: string | true;
}

const EXAMPLES = `
Examples:
  spanledger doctor
  spanledger doctor --format json | jq .figures
  spanledger doctor --redrive                              every batch in quarantine
  spanledger doctor --redrive 01M7YMEV3ZTYD9H6R12JAFD6TE   one of them
  spanledger doctor --app                                  what is recorded of the application here
  spanledger doctor --app services/shop`;

/** Add the command. */
export function addDoctorCommand(program: Command, deps: CliDeps): void {
  const command = program
    .command("doctor")
    .description("look after the spool, the quarantine, the disk and ClickHouse, or an application")
    .option("--redrive [batch]", "try batches in quarantine again: this one, or all")
    .option(
      "--app [folder]",
      "what will be recorded of the application in this folder, and why not",
    )
    .addHelpText("after", EXAMPLES);
  addSharedOptions(command).action((options: DoctorOptions) => {
    if (options.app !== undefined) {
      return diagnoseApplication(deps, options.format, options.app === true ? "." : options.app);
    }
    return options.redrive === undefined ? diagnose(deps, options) : redrive(deps, options);
  });
}

async function diagnose(deps: CliDeps, options: DoctorOptions): Promise<void> {
  const { data } = await ask<DoctorBody>(deps, options, "/api/v1/doctor");
  if (options.format === "json") writeJson(deps, data);
  else {
    const letters = data.quarantine.map(({ id, kind, reason }) => ({
      Check: id,
      Status: "attention",
      Detail: `in quarantine (${kind}): ${reason}`,
    }));
    const rows = [...data.checks, ...letters];
    writeRows(deps, options.format, bodyOf(CHECK_COLUMNS, rows), "checks");
  }
  const failed = data.checks.filter(({ Status }) => Status === "failed");
  if (failed.length === 0) return;
  const names = failed.map(({ Check }) => Check).join(", ");
  throw new CliError("CLI_UNHEALTHY", `failed: ${names}`);
}

async function redrive(deps: CliDeps, options: DoctorOptions): Promise<void> {
  const batch = options.redrive === true ? undefined : options.redrive;
  const path = "/api/v1/doctor/redrive";
  const { data } = await ask<RedriveBody>(deps, options, path, { batch }, "POST");
  const rows = data.map(({ id, stored, reason }) => ({
    Id: id,
    Result: stored ? "stored" : "refused",
    Reason: reason,
  }));
  writeRows(deps, options.format, bodyOf(REDRIVE_COLUMNS, rows), "batches in quarantine");
  const refused = data.filter(({ stored }) => !stored).length;
  if (refused > 0) {
    throw new CliError("CLI_UNHEALTHY", `${refused} of ${data.length} batches were not stored`);
  }
}

function bodyOf(columns: readonly QueryColumn[], data: readonly QueryRow[]): RowsBody {
  return { data, meta: { columns, rows: data.length, limit: data.length, truncated: false } };
}
