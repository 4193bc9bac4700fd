/**
 * One application of `bench:overhead`, with or without the one import: it depends on how Node was
 * started. Arguments: subject, calls, port of Redis, `time`, `allocation` or `memory`.
 *
 * Prints one JSON line: what one call takes on the application's thread.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Running, SUBJECTS } from "./overhead-subjects.ts";

/** Calls between two flushes: fewer spans than the queue holds, so that every span is paid for. */
const CALLS_PER_FLUSH = 200;

/** Calls before the measurement: the code is compiled by then. */
const WARM_UP_SHARE = 0.3;

/** Parts of the run after which the heap is looked at. */
const HEAP_LOOKS = 5;

/** Collections before a look: finalizers run between them. */
const COLLECTIONS = 4;

const [, , name = "", callsText = "1", redisPort = "0", mode = "time"] = process.argv;
const calls = Number(callsText);
const subject = SUBJECTS[name];
if (subject === undefined) throw new Error(`no such subject: ${name}`);

type Started = { readonly flush: () => Promise<void> };
const started = Reflect.get(globalThis, Symbol.for("spanledger.register.started")) as
  | Started
  | undefined;

async function repeat(running: Running, times: number): Promise<void> {
  for (let call = 1; call <= times; call += 1) {
    await running.call();
    if (call % CALLS_PER_FLUSH === 0 || call === times) {
      await nextTurn();
      await started?.flush();
    }
  }
}

async function measure(running: Running): Promise<object> {
  if (mode === "memory") return { heaps: await heapsOf(running) };
  await repeat(running, Math.ceil(calls * WARM_UP_SHARE));
  if (mode === "time") {
    const before = process.threadCpuUsage();
    await repeat(running, calls);
    const { user, system } = process.threadCpuUsage(before);
    return { usPerCall: (user + system) / calls };
  }
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  await repeat(running, calls);
  return { bytesPerCall: (process.memoryUsage().heapUsed - before) / calls };
}

/** What is on the heap after each part of the calls. */
async function heapsOf(running: Running): Promise<readonly number[]> {
  const heaps: number[] = [];
  for (let look = 0; look < HEAP_LOOKS; look += 1) {
    await repeat(running, Math.ceil(calls / HEAP_LOOKS));
    for (let collection = 0; collection < COLLECTIONS; collection += 1) {
      await nextTurn();
      globalThis.gc?.();
    }
    heaps.push(process.memoryUsage().heapUsed);
  }
  return heaps;
}

// The benchmark holds the other end: where it is killed, this ends too, and waits for no Redis.
process.stdin.once("end", () => process.exit(1)).resume();

const running = await subject.open(Number(redisPort));
const measured = await measure(running);
await running.close?.();
process.stdout.write(`${JSON.stringify(measured)}\n`);
process.exit();
