/**
 * How late the event loop is: what a request waits before anything looks at it.
 *
 * Out: the delay over the last minute. Side effect: a timer of the runtime while it is watched.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";

/** Distance of two samples, in milliseconds; a sample's own wait is taken off what is reported. */
const RESOLUTION_MS = 10;

/** What a report looks back on, in milliseconds. */
const PERIOD_MS = 60_000;

const NS_PER_MS = 1_000_000;

/** Milliseconds by which the loop was late. */
export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LoopWatch {
  /** Of the last full minute and the one that runs; whichever was worse. */
  delay(): LoopDelay;
  stop(): void;
}

/** Begin to watch. */
export function watchEventLoop(): LoopWatch {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let before: LoopDelay = { p50Ms: 0, p99Ms: 0, maxMs: 0 };
  const timer = setInterval(() => {
    before = read(histogram);
    histogram.reset();
  }, PERIOD_MS).unref();
  return {
    delay: () => {
      const now = read(histogram);
      return now.p99Ms >= before.p99Ms ? now : before;
    },
    stop: () => {
      clearInterval(timer);
      histogram.disable();
    },
  };
}

function read(histogram: IntervalHistogram): LoopDelay {
  if (histogram.count === 0) return { p50Ms: 0, p99Ms: 0, maxMs: 0 };
  const late = (ns: number): number =>
    Math.max(0, Math.round((ns / NS_PER_MS - RESOLUTION_MS) * 10) / 10);
  return {
    p50Ms: late(histogram.percentile(50)),
    p99Ms: late(histogram.percentile(99)),
    maxMs: late(histogram.max),
  };
}
