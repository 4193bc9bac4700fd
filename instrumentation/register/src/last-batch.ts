/**
 * Sending without an event loop: after `process.exit()`, or when an error has ended the process.
 *
 * In: spans. Out: how many of them arrived. Side effects: a thread sends them with an exporter of
 * its own, while this one stands still, for no longer than it is told.
 */
import { Worker } from "node:worker_threads";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { plainSpan } from "./plain-span.ts";

/** What the thread gets. */
export interface LastBatch {
  readonly spans: readonly ReturnType<typeof plainSpan>[];
  /** First number: 1 when it is done. Second one: spans that arrived. */
  readonly progress: Int32Array;
}

/** Send, for at most `timeMaxMs`. @returns how many spans the receiver has taken */
export function sendNow(spans: readonly ReadableSpan[], timeMaxMs: number): number {
  try {
    const progress = new Int32Array(new SharedArrayBuffer(8));
    const workerData: LastBatch = { spans: spans.map(plainSpan), progress };
    const { NODE_OPTIONS: _, ...env } = process.env;
    const file = import.meta.url.endsWith(".ts") ? "./last-thread.ts" : "./last-thread.js";
    // Flags of this process may load this package again; conditions tell where files lie.
    const execArgv = process.execArgv.filter((flag) => /^(?:-C|--conditions)=/.test(flag));
    const worker = new Worker(new URL(file, import.meta.url), { workerData, env, execArgv });
    worker.on("error", () => undefined);
    Atomics.wait(progress, 0, 0, timeMaxMs);
    return Atomics.load(progress, 1);
  } catch {
    return 0;
  }
}
