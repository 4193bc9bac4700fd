/**
 * Goal: BullMQ's older versions are recorded as the newest is (`bullmq.test.ts`), and what one
 * version adds, another one's worker takes up. Method: the real packages, each with the client that
 * it brings along, against a real redis-server.
 */
import { createRequire } from "node:module";
import { workflow } from "@spanledger/api";
import { BullMQInstrumentation } from "@spanledger/instrumentation-bullmq";
import { WORKFLOW } from "@spanledger/schema";
import type { Job, Processor, Queue, Worker } from "bullmq";
import * as newest from "bullmq";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isRedisMissing, type Redis, startRedis } from "./redis.ts";
import { record, tree } from "./spans.ts";

type BullMQ = Pick<
  typeof newest,
  "DelayedError" | "FlowProducer" | "Queue" | "UnrecoverableError" | "Worker"
>;

const load = createRequire(import.meta.url);
const recording = record();
const instrumentation = new BullMQInstrumentation();
const older = (alias: string): BullMQ => load(alias) as BullMQ;
const VERSIONS: readonly (readonly [string, BullMQ])[] = [
  ["5.0.0", older("bullmq-5.0")],
  ["5.81.5", older("bullmq-5")],
  ["6.0.0", older("bullmq-6.0")],
  ["6.7.0", newest],
];
for (const [, library] of VERSIONS) instrumentation.manuallyInstrument(library);
const isMissing = isRedisMissing();

let redis: Redis | undefined;
const opened: { close(): Promise<unknown> }[] = [];
let names = 0;

beforeAll(async () => {
  if (!isMissing) redis = await startRedis();
});
beforeEach(() => recording.reset());
afterEach(() => Promise.all(opened.splice(0).map((one) => one.close())));
afterAll(() => redis?.close());

const connection = () => ({
  host: "127.0.0.1",
  port: redis?.port ?? 0,
  maxRetriesPerRequest: null,
});

function kept<T extends { close(): Promise<unknown> }>(one: T): T {
  opened.push(one);
  return one;
}

function newQueue({ Queue: Class }: BullMQ): Queue {
  names += 1;
  return kept(new Class(`v${names}`, { connection: connection() }));
}

/** Work until so many jobs have ended, and their spans with them. */
async function worked(
  { Worker: Class }: BullMQ,
  queue: string,
  processor: Processor,
  count = 1,
): Promise<readonly string[]> {
  const ends: string[] = [];
  await new Promise<void>((resolve) => {
    const worker: Worker = kept(new Class(queue, processor, { connection: connection() }));
    const note = (end: string): void => {
      ends.push(end);
      if (ends.length === count) resolve();
    };
    worker.on("completed", () => note("completed"));
    worker.on("failed", (_, error) => note(`failed: ${error.message}`));
    worker.on("error", () => undefined);
  });
  return ends;
}

async function treeOf(lines: number): Promise<readonly string[]> {
  await expect.poll(() => tree(recording.spans())).toHaveLength(lines);
  return tree(recording.spans());
}

const valuesOf = (name: string, key: string): readonly unknown[] =>
  recording.named(name).map((span) => span.attributes[key]);

describe.skipIf(isMissing).each(VERSIONS)("bullmq %s", (version, library) => {
  test("records a job as a run, each attempt as a part of it", async () => {
    const queue = newQueue(library);
    let calls = 0;
    await queue.add("welcome", { to: "a" }, { attempts: 2 });
    const ends = await worked(
      library,
      queue.name,
      async () => {
        calls += 1;
        if (calls === 1) throw new RangeError("mailbox busy");
        return { sent: "a" };
      },
      2,
    );
    expect(ends).toEqual(["failed: mailbox busy", "completed"]);
    const run = `invoke_workflow ${queue.name}.welcome`;
    expect(await treeOf(4)).toEqual([run, "  run_step welcome", run, "  run_step welcome"]);
    expect(new Set(valuesOf(run, WORKFLOW.runId)).size).toBe(1);
    expect(valuesOf(run, WORKFLOW.runResult)).toEqual(["failure", "success"]);
    expect(valuesOf("run_step welcome", WORKFLOW.stepAttempt)).toEqual([1, 2]);
    expect(valuesOf("run_step welcome", WORKFLOW.stepResult)).toEqual(["retried", "success"]);
    expect(valuesOf("run_step welcome", WORKFLOW.stepInput)).toEqual(Array(2).fill('{"to":"a"}'));
    expect(valuesOf("run_step welcome", WORKFLOW.stepOutput).at(-1)).toBe('{"sent":"a"}');
  });

  test("makes a job that a run added, by itself or in bulk, a step of the run", async () => {
    const queue = newQueue(library);
    const runId = await workflow({ id: "w", name: "w" }, async (run) => {
      await queue.add("one", {});
      await queue.addBulk([{ name: "two", data: {} }]);
      return run.runId;
    });
    await worked(library, queue.name, async () => undefined, 2);
    expect(await treeOf(3)).toEqual(["invoke_workflow w", "  run_step one", "  run_step two"]);
    for (const name of ["run_step one", "run_step two"]) {
      expect(valuesOf(name, WORKFLOW.runId)).toEqual([runId]);
    }
  });

  test("makes a flow one run", async () => {
    const children = newQueue(library);
    const queue = newQueue(library);
    const flows = kept(new library.FlowProducer({ connection: connection() }));
    await flows.add({
      name: "parent",
      queueName: queue.name,
      children: [{ name: "child", queueName: children.name }],
    });
    await worked(library, children.name, async () => undefined);
    await worked(library, queue.name, async () => undefined);
    const run = `invoke_workflow ${queue.name}.parent`;
    expect((await treeOf(3)).toSorted()).toEqual(["  run_step parent", run, "run_step child"]);
    const [runId] = valuesOf(run, WORKFLOW.runId);
    expect(valuesOf("run_step child", WORKFLOW.runId)).toEqual([runId]);
  });

  test("tells a job that is handed back from one that has failed for good", async () => {
    const queue = newQueue(library);
    let calls = 0;
    await queue.add("late", {}, { attempts: 5 });
    await worked(library, queue.name, async (job: Job, token?: string) => {
      calls += 1;
      if (calls > 1) throw new library.UnrecoverableError("no such mailbox");
      await job.moveToDelayed(Date.now() + 1, token);
      throw new library.DelayedError();
    });
    await treeOf(4);
    expect(valuesOf("run_step late", WORKFLOW.stepResult)).toEqual(["paused", "failure"]);
    const run = `invoke_workflow ${queue.name}.late`;
    expect(valuesOf(run, WORKFLOW.runResult)).toEqual(["paused", "failure"]);
  });

  test("has its jobs taken up by the newest version's worker, and takes up its jobs", async () => {
    // Not a worker of 5.0.0 on what 6.7.0 has written: more spans than jobs came of it.
    const there = [library, newest] as const;
    const back = [newest, library] as const;
    for (const [adding, working] of version === "5.0.0" ? [there] : [there, back]) {
      recording.reset();
      const queue = newQueue(adding);
      await workflow({ id: version, name: version }, () => queue.add("across", {}));
      await worked(working, queue.name, async () => undefined);
      expect(await treeOf(2)).toEqual([`invoke_workflow ${version}`, "  run_step across"]);
    }
  });
});
