/**
 * The end of the process: what is still queued is sent first.
 *
 * Side effects: listeners for `beforeExit`, `exit`, SIGTERM and SIGINT. The application's own
 * listeners, its output, its exit code and its death by signal stay as they are without us.
 */
import { sendNow } from "./last-batch.ts";
import type { Say, SpanQueue } from "./span-queue.ts";

/** Longest wait for the receiver when the process ends, in milliseconds. */
const EXIT_FLUSH_MS = 2_000;

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Send what is queued before the process ends, for at most {@link EXIT_FLUSH_MS}. */
export function flushAtExit(queue: SpanQueue, say: Say): void {
  let gaveUp = false;
  process.on("beforeExit", () => {
    if (queue.waiting.length === 0 || gaveUp) return;
    void bounded(queue).then((outcome) => {
      gaveUp = outcome !== "sent";
      // The receiver does not answer; its connection must not keep the process alive.
      if (outcome === "late") process.exit();
    });
  });
  // `process.exit()` and uncaught errors come here with no event loop left.
  process.on("exit", () => {
    const waiting = queue.waiting.length;
    if (waiting === 0) return;
    const sent = gaveUp ? 0 : sendNow(queue.waiting, EXIT_FLUSH_MS);
    if (sent < waiting) say(`${waiting - sent} spans could not be sent and are lost`);
  });
  for (const signal of SIGNALS) process.on(signal, listener(signal, queue));
}

function listener(signal: NodeJS.Signals, queue: SpanQueue): () => void {
  const flushOnSignal = (): void => {
    const others = process.listeners(signal).filter((one) => one !== flushOnSignal).length;
    const sent = bounded(queue);
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

async function bounded(queue: SpanQueue): Promise<"sent" | "refused" | "late"> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), EXIT_FLUSH_MS);
  });
  const sent = queue.forceFlush().then(
    () => "sent" as const,
    () => "refused" as const,
  );
  try {
    return await Promise.race([sent, late]);
  } finally {
    clearTimeout(timer);
  }
}
