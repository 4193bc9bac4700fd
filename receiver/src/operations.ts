/**
 * The write side as the API shows it: state into checks, dead letters into entries.
 *
 * In: the pipeline, ClickHouse, the event loop. Out: {@link Operations}.
 */
import type { ClickHouseClient } from "@clickhouse/client";
import { decodeTime } from "ulid";
import type { Check, CheckStatus, Diagnosis, Operations } from "./api/operations.ts";
import type { LoopDelay } from "./base/event-loop.ts";
import type { Pipeline } from "./pipeline.ts";
import { SpoolError } from "./spool/errors.ts";
import { DISK_FREE_MIN_BYTES } from "./spool/limits.ts";

/** Lateness of the event loop that someone should look at, in milliseconds: p99 of a minute. */
const LOOP_LATE_MS = 100;

/** Age of the oldest batch that is not stored, in milliseconds, from which on ClickHouse is behind. */
const BEHIND_MS = 30_000;

/** Share of the spool's limit from which on it needs attention. */
const SPOOL_SHARE_HIGH = 0.8;

export interface OperationsParts {
  readonly pipeline: Pipeline;
  readonly client: ClickHouseClient;
  readonly loopDelay: () => LoopDelay;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Make the operations. */
export function createOperations(parts: OperationsParts): Operations {
  const { pipeline } = parts;
  return {
    diagnose: () => diagnose(parts),
    flush: (timeoutMs) => pipeline.flush(timeoutMs),
    redrive: async (id) => {
      try {
        return await pipeline.redrive(id);
      } catch (error) {
        if (!(error instanceof SpoolError) || error.retryable) throw error;
        if (error.code === "SPOOL_NOT_FOUND") return undefined;
        return [{ id: id ?? "", stored: false, reason: error.message }];
      }
    },
  };
}

async function diagnose({ pipeline, client, loopDelay, now }: OperationsParts): Promise<Diagnosis> {
  const started = performance.now();
  const [ping, letters] = await Promise.all([
    client.ping({ select: true }),
    pipeline.deadLetters(),
  ]);
  const pingMs = Math.round(performance.now() - started);
  const { spool, writer } = await pipeline.state();
  const loop = loopDelay();
  const oldestMs =
    spool.oldestBatchId === undefined ? 0 : Math.max(0, now() - decodeTime(spool.oldestBatchId));
  const { refusedBatches, storedBatches, failedTries, lastFailure } = writer;
  const checks: Check[] = [
    check("clickhouse", ping.success ? "ok" : "failed", clickhouseText(ping.success, pingMs)),
    spoolCheck(spool.usedBytes, spool.maxBytes, spool.waitingBatches, oldestMs),
    check(
      "writer",
      lastFailure === undefined ? "ok" : "attention",
      lastFailure === undefined
        ? `${storedBatches} batches stored since the start`
        : `trying again after ${lastFailure}; ${failedTries} tries failed since the start`,
    ),
    check(
      "disk",
      spool.diskFreeBytes < DISK_FREE_MIN_BYTES ? "failed" : "ok",
      `${sizeText(spool.diskFreeBytes)} free`,
    ),
    check(
      "quarantine",
      letters.length === 0 ? "ok" : "attention",
      letters.length === 0 ? "empty" : `${letters.length} entries`,
    ),
    check(
      "event loop",
      loop.p99Ms > LOOP_LATE_MS ? "attention" : "ok",
      `late by ${loop.p50Ms} ms (p50), ${loop.p99Ms} ms (p99), ${loop.maxMs} ms (max)`,
    ),
  ];
  return {
    checks,
    quarantine: letters.map(({ id, batchId, kind, reason, since, sizeBytes }) => ({
      id,
      batchId,
      kind,
      reason,
      since,
      sizeBytes,
    })),
    figures: {
      origin: spool.origin,
      lastSequence: spool.lastSequence ?? null,
      spoolUsedBytes: spool.usedBytes,
      spoolMaxBytes: spool.maxBytes,
      spoolFiles: spool.files,
      openRows: spool.openRows,
      waitingBatches: spool.waitingBatches,
      oldestBatchAgeMs: oldestMs,
      diskFreeBytes: spool.diskFreeBytes,
      commits: spool.commits,
      committedRecords: spool.records,
      longestCommitMs: Math.round(spool.longestCommitMs * 10) / 10,
      refusedRequests: spool.refusedRequests,
      repeatedRequests: spool.repeatedRequests,
      knownRequests: spool.knownRequests,
      corruptRecords: spool.corruptRecords,
      tornTails: spool.tornTails,
      storedBatches,
      refusedBatches,
      failedTries,
      quarantined: letters.length,
      clickhousePingMs: ping.success ? pingMs : null,
      eventLoopP50Ms: loop.p50Ms,
      eventLoopP99Ms: loop.p99Ms,
      eventLoopMaxMs: loop.maxMs,
    },
  };
}

function check(name: string, status: CheckStatus, detail: string): Check {
  return { Check: name, Status: status, Detail: detail };
}

function clickhouseText(success: boolean, pingMs: number): string {
  return success ? `answers in ${pingMs} ms` : "does not answer";
}

function spoolCheck(usedBytes: number, maxBytes: number, waiting: number, oldestMs: number): Check {
  const share = usedBytes / maxBytes;
  const isHigh = share >= SPOOL_SHARE_HIGH || oldestMs > BEHIND_MS;
  const age = waiting === 0 ? "" : `, the oldest for ${Math.round(oldestMs / 1_000)} s`;
  return check(
    "spool",
    share >= 1 ? "failed" : isHigh ? "attention" : "ok",
    `${sizeText(usedBytes)} of ${sizeText(maxBytes)}, ${waiting} batches wait${age}`,
  );
}

/** `12.3 MB`. */
function sizeText(sizeBytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
