/** The thread that sends the last spans of a process; see `last-batch.ts`. */
import { workerData } from "node:worker_threads";
import { createExporter, queueLimits } from "./exporter.ts";
import type { LastBatch } from "./last-batch.ts";
import { readableSpan } from "./plain-span.ts";
import { SpanQueue } from "./span-queue.ts";

const { spans, progress } = workerData as LastBatch;

async function send(): Promise<void> {
  const exporter = createExporter();
  if (exporter === undefined) return;
  const queue = new SpanQueue(exporter, queueLimits(), () => undefined);
  for (const span of spans) queue.onEnd(readableSpan(span));
  try {
    await queue.forceFlush();
  } finally {
    Atomics.store(progress, 1, spans.length - queue.waiting.length);
  }
}

void send()
  .catch(() => undefined)
  .finally(() => {
    Atomics.store(progress, 0, 1);
    Atomics.notify(progress, 0);
  });
