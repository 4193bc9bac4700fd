// One application of flat-memory.test.ts. Arguments: subject, calls, port of Redis, `keeps` for the
// canary. Prints what is on the heap after the first calls and after five times as many.
import { setImmediate as nextTurn } from "node:timers/promises";
import { trace } from "@opentelemetry/api";
import { SUBJECTS } from "../../../bench/src/overhead-subjects.ts";

/** Calls between two flushes: fewer spans than the queue holds. */
const CALLS_PER_FLUSH = 100;

/** Collections until what is left is what is held: finalizers run between them. */
const COLLECTIONS = 4;

const [, , name, callsText, redisPort, keeps] = process.argv;
const calls = Number(callsText);
const started = globalThis[Symbol.for("spanledger.register.started")];
const running = await SUBJECTS[name].open(Number(redisPort));

const kept = [];
const tracer = trace.getTracer("flat-memory");

async function repeat(times) {
  for (let call = 1; call <= times; call += 1) {
    await running.call();
    if (keeps === "keeps") kept.push(tracer.startSpan("never ended"));
    if (call % CALLS_PER_FLUSH === 0 || call === times) {
      await nextTurn();
      await started.flush();
    }
  }
}

async function heapUsed() {
  for (let collection = 0; collection < COLLECTIONS; collection += 1) {
    await nextTurn();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

await repeat(2 * calls);
const before = await heapUsed();
await repeat(8 * calls);
const after = await heapUsed();
await running.close?.();
process.stdout.write(JSON.stringify({ before, after, kept: kept.length }));
process.exit();
