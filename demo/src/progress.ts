/**
 * The progress line.
 *
 * In: what is going on. Out: on a terminal one line that is rewritten, elsewhere whole lines, only
 * when a new stage begins or a good part of one is done. Side effects: writes to the stream.
 */
import type { WriteStream } from "node:tty";

/** Without a terminal a line is written each so many steps. */
const PLAIN_EVERY = 10;

const BAR_SIZE_CHARS = 20;

/** Where to write; `process.stderr` is one. */
export type ProgressStream = Pick<WriteStream, "write"> & {
  readonly isTTY?: boolean;
  readonly columns?: number;
};

/** Shows how far the demo is. */
export interface Progress {
  /** A stage without a number. */
  stage(text: string): void;
  /** `done` of `total` steps of a stage, with a remark. */
  step(text: string, done: number, total: number, remark?: string): void;
  /** Take the line away, before other output. */
  clear(): void;
}

/** Make a progress line on `stream`. */
export function createProgress(stream: ProgressStream): Progress {
  const rewrite = (text: string): void => {
    stream.write(`\r\x1b[2K${text.slice(0, (stream.columns || 80) - 1)}`);
  };
  if (stream.isTTY !== true) {
    return {
      stage: (text) => void stream.write(`${text}\n`),
      step: (text, done, total, remark = "") => {
        if (done === total || (done > 0 && done % PLAIN_EVERY === 0)) {
          stream.write(`${text}: ${done} of ${total}${remark}\n`);
        }
      },
      clear: () => undefined,
    };
  }
  return {
    stage: rewrite,
    step: (text, done, total, remark = "") => {
      const full = total === 0 ? 0 : Math.round((done / total) * BAR_SIZE_CHARS);
      const bar = "█".repeat(full) + "░".repeat(BAR_SIZE_CHARS - full);
      rewrite(`${text} ${bar} ${done} of ${total}${remark}`);
    },
    clear: () => rewrite(""),
  };
}
