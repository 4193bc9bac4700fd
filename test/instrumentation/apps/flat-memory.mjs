// One application of flat-memory.test.ts. Arguments: subject, calls, port of Redis, `keeps` for the
// canary. Prints what is on the heap after each of five parts of the calls.
import { setImmediate as nextTurn } from "node:timers/promises";
import { trace } from "@opentelemetry/api";
import { SUBJECTS } from "../../../bench/src/overhead-subjects.ts";

/** Calls between two flushes: fewer spans than the queue holds. */
const CALLS_PER_FLUSH = 100;

const PARTS = 5;

/** Collections until what is left is what is held: finalizers run between them. */
const COLLECTIONS = 3;

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

const heaps = [];
for (let part = 0; part < PARTS; part += 1) {
  await repeat(calls / PARTS);
  heaps.push(await heapUsed());
}
await running.close?.();
process.stdout.write(JSON.stringify(heaps));
process.exit();
