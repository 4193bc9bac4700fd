/**
 * What the API knows of the write side: an interface that the pipeline fills.
 *
 * In: requests below `/api/v1/doctor` and `/api/v1/flush`. Out: the state of the write side, and what
 * came of trying dead letters again. Side effects: those of the operations.
 */
import type { Context, Hono } from "hono";
import type { QueryColumn } from "../query/types.ts";
import { ApiError } from "./errors.ts";
import { readUrl } from "./url.ts";

/** Longest wait for batches to be stored, in milliseconds: below that of the CLI (60 s). */
const FLUSH_MAX_MS = 30_000;

/** `failed`: records are refused or cannot be stored; `attention`: someone should look. */
export type CheckStatus = "ok" | "attention" | "failed";

/** One thing that was looked at. */
export type Check = {
  readonly Check: string;
  readonly Status: CheckStatus;
  readonly Detail: string;
};

/** Something in quarantine. */
export interface QuarantineEntry {
  readonly id: string;
  readonly batchId: string;
  readonly kind: string;
  readonly reason: string;
  readonly since: string;
  readonly sizeBytes: number;
}

/** The state of the write side. */
export interface Diagnosis {
  readonly checks: readonly Check[];
  readonly quarantine: readonly QuarantineEntry[];
  /** The figures behind the checks. */
  readonly figures: Readonly<Record<string, number | string | null>>;
}

/** What came of a dead letter. */
export interface RedriveOutcome {
  readonly id: string;
  readonly stored: boolean;
  readonly reason: string;
}

export interface Operations {
  diagnose(): Promise<Diagnosis>;
  /** Undefined when there is no such dead letter. */
  redrive(id: string | undefined): Promise<readonly RedriveOutcome[] | undefined>;
  /** Whether all that was acknowledged is stored now. */
  flush(timeoutMs: number): Promise<boolean>;
}

/** The answer of `/api/v1/doctor`. */
export interface DoctorBody {
  readonly data: Diagnosis;
}

/** The answer of `/api/v1/doctor/redrive`. */
export interface RedriveBody {
  readonly data: readonly RedriveOutcome[];
}

export const CHECK_COLUMNS: readonly QueryColumn[] = [
  { name: "Check", kind: "id" },
  { name: "Status", kind: "result" },
  { name: "Detail", kind: "text" },
];

export const REDRIVE_COLUMNS: readonly QueryColumn[] = [
  { name: "Id", kind: "id" },
  { name: "Result", kind: "result" },
  { name: "Reason", kind: "text" },
];

/** Add the routes. */
export function addOperations(app: Hono, operations: Operations): void {
  app.get("/api/v1/doctor", async (c) => {
    readUrl(c.req.url, [], { paged: false });
    return c.json({ data: await operations.diagnose() } satisfies DoctorBody);
  });
  app.post("/api/v1/doctor/redrive", async (c) => {
    refuseForms(c);
    const { batch } = readUrl(c.req.url, ["batch"], { paged: false }).parameters;
    const data = await operations.redrive(batch);
    if (data === undefined) {
      throw new ApiError("BATCH_UNKNOWN", "there is no such batch in quarantine");
    }
    return c.json({ data } satisfies RedriveBody);
  });
  app.post("/api/v1/flush", async (c) => {
    refuseForms(c);
    readUrl(c.req.url, [], { paged: false });
    if (await operations.flush(FLUSH_MAX_MS)) return c.json({ data: { stored: true } });
    throw new ApiError(
      "FLUSH_TIMEOUT",
      "ClickHouse is behind; what was acknowledged is on the disk",
    );
  });
}

/** A page of a stranger can send a form to this machine, but not JSON without being asked first. */
function refuseForms(c: Context): void {
  if (c.req.header("content-type")?.split(";", 1)[0] === "application/json") return;
  throw new ApiError("CONTENT_TYPE_REFUSED", "send Content-Type: application/json");
}
