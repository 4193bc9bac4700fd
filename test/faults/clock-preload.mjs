/**
 * Loaded into the receiver before anything else (`--import`): a wall clock that can be stepped.
 *
 * In: SIGUSR2, and the file that `SPANLEDGER_TEST_CLOCK_FILE` names with the offset in milliseconds.
 * Out: `Date` shifted by it; the file's name with `.applied` holds the offset then. Timers and
 * `performance.now` stay: the monotonic clock does not step.
 */
import { readFileSync, writeFileSync } from "node:fs";

const file = process.env.SPANLEDGER_TEST_CLOCK_FILE;
const RealDate = Date;
const now = Date.now;
let offsetMs = 0;

class SteppedDate extends RealDate {
  constructor(...values) {
    if (values.length === 0) super(now() + offsetMs);
    else super(...values);
  }

  static now() {
    return now() + offsetMs;
  }
}

function read() {
  try {
    offsetMs = Number(readFileSync(file, "utf8"));
  } catch {
    offsetMs = 0;
  }
  writeFileSync(`${file}.applied`, String(offsetMs));
}

globalThis.Date = SteppedDate;
process.on("SIGUSR2", read);
read();
