/**
 * The end of the process: what is still queued is sent first.
 *
 * Side effects: listeners for `beforeExit`, SIGTERM and SIGINT. The application's own listeners,
 * its exit code and its death by signal stay as they are without us.
 */
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace";

/** Longest wait for the receiver when the process ends, in milliseconds. */
const EXIT_FLUSH_MS = 2_000;

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Sends what is queued. */
export type Flush = () => Promise<void>;

/** Counts spans that ended since the last flush, so that an idle process ends at once. */
export class PendingSpans implements SpanProcessor {
  count = 0;

  onStart(): void {}

  onEnd(_span: ReadableSpan): void {
    this.count += 1;
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}

/** Send what is queued before the process ends, for at most {@link EXIT_FLUSH_MS}. */
export function flushAtExit(flush: Flush, pending: PendingSpans): void {
  process.on("beforeExit", () => {
    if (pending.count === 0) return;
    pending.count = 0;
    void bounded(flush).then((sent) => {
      // The receiver does not answer; its connection must not keep the process alive.
      if (!sent) process.exit();
    });
  });
  for (const signal of SIGNALS) process.on(signal, listener(signal, flush));
}

function listener(signal: NodeJS.Signals, flush: Flush): () => void {
  const flushOnSignal = (): void => {
    const others = process.listeners(signal).filter((one) => one !== flushOnSignal).length;
    const sent = bounded(flush);
    // Where the application listens, it decides when to end. Where it does not, the signal ends
    // the process, as it would have done without us.
    if (others > 0) return;
    void sent.then(() => {
      process.removeListener(signal, flushOnSignal);
      process.kill(process.pid, signal);
    });
  };
  return flushOnSignal;
}

/** @returns whether the flush ended in time, successfully or not */
async function bounded(flush: Flush): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), EXIT_FLUSH_MS);
  });
  const sent = flush().then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([sent, late]);
  } finally {
    clearTimeout(timer);
  }
}
