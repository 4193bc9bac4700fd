/**
 * Goal: a BullMQ job is a run of its own, or a step of the run that added it, whichever way it
 * ends, and neither the job's data nor the worker changes. Method: the real package against a real
 * redis-server; every worker and queue of a test has a name of its own.
 */
import { fileURLToPath } from "node:url";
import { SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { currentRun, isId, step, workflow } from "@spanledger/api";
import { BullMQInstrumentation } from "@spanledger/instrumentation-bullmq";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import * as bullmq from "bullmq";
import {
  DelayedError,
  FlowProducer,
  type Job,
  type Processor,
  Queue,
  QueueEvents,
  UnrecoverableError,
  WaitingChildrenError,
  Worker,
  type WorkerOptions,
} from "bullmq";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isRedisMissing, type Redis, startRedis } from "./redis.ts";
import { record, tree } from "./spans.ts";

/** The alphabet of ULIDs. */
const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const recording = record();
const instrumentation = new BullMQInstrumentation();
instrumentation.manuallyInstrument(bullmq);
const isMissing = isRedisMissing();
const needsRedis = describe.skipIf(isMissing);

let redis: Redis | undefined;
const opened: { close(): Promise<unknown> }[] = [];
let names = 0;

beforeAll(async () => {
  if (!isMissing) redis = await startRedis();
});
beforeEach(() => recording.reset());
afterEach(async () => {
  instrumentation.setConfig({});
  await Promise.all(opened.splice(0).map((one) => one.close()));
});
afterAll(() => redis?.close());

function connection() {
  return { host: "127.0.0.1", port: redis?.port ?? 0, maxRetriesPerRequest: null };
}

function kept<T extends { close(): Promise<unknown> }>(one: T): T {
  opened.push(one);
  return one;
}

interface Bench {
  readonly queue: Queue;
  /** Process one job to its end, or several. @returns how they ended, in order */
  ended(count?: number): Promise<readonly string[]>;
}

/** A queue with a worker that begins when the jobs are in it. */
function bench(processor: Processor | string, options: Partial<WorkerOptions> = {}): Bench {
  names += 1;
  const queue = kept(new Queue(`q${names}`, { connection: connection() }));
  return {
    queue,
    ended: async (count = 1) => {
      const ends: string[] = [];
      await new Promise<void>((resolve) => {
        const worker = kept(
          new Worker(queue.name, processor, { connection: connection(), ...options }),
        );
        const note = (end: string): void => {
          ends.push(end);
          if (ends.length === count) resolve();
        };
        worker.on("completed", () => note("completed"));
        worker.on("failed", (_, error) => note(`failed: ${error.message}`));
        // Said beside the failure; without a listener it would end the process.
        worker.on("error", () => undefined);
      });
      return ends;
    },
  };
}

async function named(name: string, count = 1): Promise<readonly ReadableSpan[]> {
  await expect.poll(() => recording.named(name).length).toBe(count);
  return recording.named(name);
}

async function one(name: string): Promise<ReadableSpan> {
  return (await named(name))[0] as ReadableSpan;
}

needsRedis("a job that no run has added", () => {
  test("is a run of one step, with trigger, queue, input and output", async () => {
    const { queue, ended } = bench(async (job: Job) => ({ sent: job.data.to }));
    const job = await queue.add("welcome", { to: "a" });
    expect(await ended()).toEqual(["completed"]);
    const run = await one(`invoke_workflow ${queue.name}.welcome`);
    expect(tree(recording.spans())).toEqual([
      `invoke_workflow ${queue.name}.welcome`,
      "  run_step welcome",
    ]);
    expect(run.attributes).toMatchObject({
      [WORKFLOW.id]: `${queue.name}.welcome`,
      [WORKFLOW.runResult]: "success",
      [WORKFLOW.engine]: "bullmq",
      [WORKFLOW.triggerType]: "event",
      [WORKFLOW.triggerSource]: queue.name,
      [WORKFLOW.triggerId]: job.id,
    });
    const [runStep] = recording.named("run_step welcome");
    expect(runStep?.attributes).toMatchObject({
      [WORKFLOW.runId]: run.attributes[WORKFLOW.runId],
      [WORKFLOW.stepId]: `${queue.name}.welcome`,
      [WORKFLOW.stepName]: "welcome",
      [WORKFLOW.stepType]: "action",
      [WORKFLOW.stepAttempt]: 1,
      [WORKFLOW.stepResult]: "success",
      [WORKFLOW.stepInput]: '{"to":"a"}',
      [WORKFLOW.stepOutput]: '{"sent":"a"}',
      [OTEL.messagingSystem]: "bullmq",
      [OTEL.messagingDestinationName]: queue.name,
      [OTEL.messagingMessageId]: job.id,
    });
  });

  test("has a run id that tells when it was added", async () => {
    const { queue, ended } = bench(async () => undefined);
    const job = await queue.add("welcome", {});
    await ended();
    const run = await one(`invoke_workflow ${queue.name}.welcome`);
    const id = String(run.attributes[WORKFLOW.runId]);
    const timeMs = [...id.slice(0, 10)].reduce((time, c) => time * 32 + CROCKFORD.indexOf(c), 0);
    expect(timeMs).toBe(job.timestamp);
  });

  test("keeps one run id over its attempts, each with its number and result", async () => {
    let calls = 0;
    const { queue, ended } = bench(async () => {
      calls += 1;
      if (calls < 3) throw new RangeError("not yet");
      return "done";
    });
    await queue.add("retry", {}, { attempts: 5 });
    expect(await ended(3)).toEqual(["failed: not yet", "failed: not yet", "completed"]);
    const steps = await named("run_step retry", 3);
    const facts = steps.map(({ attributes, status }) => [
      attributes[WORKFLOW.stepAttempt],
      attributes[WORKFLOW.stepResult],
      attributes[OTEL.errorType],
      status.code === SpanStatusCode.ERROR,
    ]);
    expect(facts).toEqual([
      [1, "retried", "RangeError", true],
      [2, "retried", "RangeError", true],
      [3, "success", undefined, false],
    ]);
    const runs = await named(`invoke_workflow ${queue.name}.retry`, 3);
    for (const id of [WORKFLOW.runId, WORKFLOW.requestId]) {
      expect(new Set(runs.map((run) => run.attributes[id])).size).toBe(1);
    }
    expect(runs.map((run) => run.attributes[WORKFLOW.runResult])).toEqual([
      "failure",
      "failure",
      "success",
    ]);
  });

  test.each([
    ["its last attempt", { attempts: 1 }, () => new Error("broken")],
    ["an attempt that allows no other", { attempts: 5 }, () => new UnrecoverableError("broken")],
  ])("fails with %s", async (_, options, error) => {
    const { queue, ended } = bench(async () => {
      throw error();
    });
    await queue.add("fails", {}, options);
    expect(await ended()).toEqual(["failed: broken"]);
    const run = await one(`invoke_workflow ${queue.name}.fails`);
    expect(run.attributes[WORKFLOW.runResult]).toBe("failure");
    expect(run.status).toEqual({ code: SpanStatusCode.ERROR, message: "broken" });
    const [failed] = recording.named("run_step fails");
    expect(failed?.attributes[WORKFLOW.stepResult]).toBe("failure");
  });

  test("fails without its processor where the worker gives it up", async () => {
    let calls = 0;
    const { queue, ended } = bench(
      async (job: Job, token?: string) => {
        calls += 1;
        await job.moveToDelayed(Date.now() + 1, token);
        throw new DelayedError();
      },
      { maxStartedAttempts: 1 },
    );
    await queue.add("again", {});
    expect(await ended()).toEqual(["failed: job started more than allowable limit"]);
    expect(calls).toBe(1);
    const steps = await named("run_step again", 2);
    expect(steps.map((span) => span.attributes[WORKFLOW.stepResult])).toEqual([
      "paused",
      "failure",
    ]);
    expect(steps[1]?.attributes[OTEL.errorType]).toBe("UnrecoverableError");
  });

  test("is no error while it waits to be called again", async () => {
    const { queue, ended } = bench(async (job: Job, token?: string) => {
      if (job.data.delayed === true) return "late";
      await job.updateData({ delayed: true });
      await job.moveToDelayed(Date.now() + 1, token);
      throw new DelayedError();
    });
    await queue.add("later", {});
    expect(await ended()).toEqual(["completed"]);
    const runs = await named(`invoke_workflow ${queue.name}.later`, 2);
    expect(runs.map((run) => run.attributes[WORKFLOW.runResult])).toEqual(["paused", "success"]);
    expect(runs.map((run) => run.status.code)).toEqual([
      SpanStatusCode.UNSET,
      SpanStatusCode.UNSET,
    ]);
    const steps = recording.named("run_step later");
    expect(steps.map((span) => span.attributes[WORKFLOW.stepAttempt])).toEqual([1, 1]);
  });

  test("of a scheduler is triggered by its schedule", async () => {
    const { queue, ended } = bench(async () => undefined);
    await queue.upsertJobScheduler("nightly", { every: 3_600_000 }, { name: "report" });
    await ended();
    const run = await one(`invoke_workflow ${queue.name}.report`);
    expect(run.attributes).toMatchObject({
      [WORKFLOW.triggerType]: "schedule",
      [WORKFLOW.triggerSource]: "nightly",
    });
  });

  test("is not part of the run in which its worker was made", async () => {
    const { queue, ended } = bench(async () => undefined);
    await queue.add("alone", {});
    await workflow({ id: "outer", name: "outer" }, () => ended());
    const outer = await one("invoke_workflow outer");
    const run = await one(`invoke_workflow ${queue.name}.alone`);
    expect(run.parentSpanContext).toBeUndefined();
    expect(run.attributes[WORKFLOW.runId]).not.toBe(outer.attributes[WORKFLOW.runId]);
  });

  test("takes the facts that the application gives", async () => {
    instrumentation.setConfig({
      run: ({ name, data }) => ({
        id: `job_${name}`,
        name: "Welcome",
        actor: { id: (data as { by: string }).by, type: "user" },
      }),
    });
    const { queue, ended } = bench(async () => undefined);
    await queue.add("welcome", { by: "u1" });
    await ended();
    const run = await one("invoke_workflow Welcome");
    expect(run.attributes).toMatchObject({ [WORKFLOW.id]: "job_welcome", [OTEL.userId]: "u1" });
  });

  test("leaves the run to its processor where the application says so", async () => {
    instrumentation.setConfig({ run: () => false });
    const { queue, ended } = bench(() => workflow({ id: "own", name: "own" }, async () => "x"));
    await queue.add("welcome", {});
    await ended();
    await one("invoke_workflow own");
    expect(tree(recording.spans())).toEqual(["invoke_workflow own"]);
  });

  test("keeps no content with captureContent false", async () => {
    instrumentation.setConfig({ captureContent: false });
    const { queue, ended } = bench(async () => "secret");
    await queue.add("quiet", { text: "secret" });
    await ended();
    expect(JSON.stringify((await one("run_step quiet")).attributes)).not.toContain("secret");
  });
});

needsRedis("a job that a run adds", () => {
  const facts = {
    id: "signup",
    name: "signup",
    actor: { id: "u7", type: "user" },
    requestId: "request-7",
    workspace: "acme",
  } as const;

  test("is a step of that run, with its ids and actor", async () => {
    const seen: (string | undefined)[] = [];
    const { queue, ended } = bench(async () => {
      seen.push(currentRun()?.runId, currentRun()?.requestId);
      await step("inside", async () => undefined);
    });
    await workflow(facts, () => step("enqueue", () => queue.add("mail", { to: "a" })));
    await ended();
    await one("run_step mail");
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow signup",
      "  run_step enqueue",
      "    run_step mail",
      "      run_step inside",
    ]);
    const run = await one("invoke_workflow signup");
    const runId = run.attributes[WORKFLOW.runId];
    expect(seen).toEqual([runId, "request-7"]);
    for (const name of ["run_step mail", "run_step inside"]) {
      expect(recording.named(name)[0]?.attributes).toMatchObject({
        [WORKFLOW.runId]: runId,
        [WORKFLOW.id]: "signup",
        [WORKFLOW.requestId]: "request-7",
        [WORKFLOW.actorId]: "u7",
        [WORKFLOW.workspaceId]: "acme",
      });
    }
  });

  test("keeps its data, in Redis and in the processor", async () => {
    const seen: unknown[] = [];
    const { queue, ended } = bench(async (job: Job) => {
      seen.push(job.data);
    });
    const job = await workflow(facts, () => queue.add("mail", { to: "a" }));
    const reply = await redis?.ask(`HGET ${queue.toKey(String(job.id))} data`);
    expect(reply).toBe('$10\r\n{"to":"a"}\r\n');
    await ended();
    expect(seen).toEqual([{ to: "a" }]);
  });

  test("is a sibling for each attempt, also when delayed", async () => {
    let calls = 0;
    const { queue, ended } = bench(async () => {
      calls += 1;
      if (calls === 1) throw new Error("first");
    });
    const options = { attempts: 2, delay: 5, backoff: { type: "fixed", delay: 5 } };
    await workflow(facts, () => queue.add("mail", {}, options));
    expect(await ended(2)).toEqual(["failed: first", "completed"]);
    await named("run_step mail", 2);
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow signup",
      "  run_step mail",
      "  run_step mail",
    ]);
    const attempts = recording
      .named("run_step mail")
      .map((span) => [span.attributes[WORKFLOW.stepAttempt], span.attributes[WORKFLOW.stepResult]]);
    expect(attempts).toEqual([
      [1, "retried"],
      [2, "success"],
    ]);
  });

  test("in bulk is a step of it as well", async () => {
    const { queue, ended } = bench(async () => undefined);
    const entries = [
      { name: "a", data: 1 },
      { name: "b", data: 2, opts: { priority: 1 } },
    ];
    const jobs = await workflow(facts, () => queue.addBulk(entries));
    expect(jobs.map((job) => job.data)).toEqual([1, 2]);
    expect(entries).toEqual([
      { name: "a", data: 1 },
      { name: "b", data: 2, opts: { priority: 1 } },
    ]);
    await ended(2);
    await one("run_step b");
    expect(tree(recording.spans()).toSorted()).toEqual([
      "  run_step a",
      "  run_step b",
      "invoke_workflow signup",
    ]);
  });

  test("that must not carry a context is a run of its own", async () => {
    const { queue, ended } = bench(async () => undefined);
    await workflow(facts, () => queue.add("mail", {}, { telemetry: { omitContext: true } }));
    await ended();
    const run = await one(`invoke_workflow ${queue.name}.mail`);
    expect(run.parentSpanContext).toBeUndefined();
  });

  test("asks for an approval as a step does", async () => {
    const { approval } = await import("@spanledger/api");
    const { queue, ended } = bench(async () => void approval.request({ id: "ap1" }));
    await workflow(facts, () => queue.add("ask", {}));
    await ended();
    const asked = await one("run_step ask");
    expect(asked.attributes).toMatchObject({
      [WORKFLOW.stepType]: "approval",
      [WORKFLOW.stepResult]: "paused",
    });
  });
});

needsRedis("a flow", () => {
  const flow = (queueName: string) => ({
    name: "order",
    queueName,
    data: { id: 1 },
    children: [
      { name: "pay", queueName, data: {} },
      { name: "pack", queueName, data: {}, opts: { attempts: 2 } },
    ],
  });

  test("outside of a run is one run: its root, with what it waits for as steps", async () => {
    const { queue, ended } = bench(async (job: Job) => job.name);
    const flows = kept(new FlowProducer({ connection: connection() }));
    const given = flow(queue.name);
    await flows.add(given);
    expect(given).toEqual(flow(queue.name));
    await ended(3);
    const run = await one(`invoke_workflow ${queue.name}.order`);
    const runId = run.attributes[WORKFLOW.runId];
    expect(isId(runId)).toBe(true);
    for (const name of ["run_step pay", "run_step pack", "run_step order"]) {
      expect((await one(name)).attributes).toMatchObject({
        [WORKFLOW.runId]: runId,
        [WORKFLOW.id]: `${queue.name}.order`,
      });
    }
    expect(recording.spans()).toHaveLength(4);
  });

  test("inside a run is steps of it", async () => {
    const { queue, ended } = bench(async (job: Job) => job.name);
    const flows = kept(new FlowProducer({ connection: connection() }));
    await workflow({ id: "shop", name: "shop" }, () => flows.addBulk([flow(queue.name)]));
    await ended(3);
    await one("run_step order");
    expect(tree(recording.spans()).toSorted()).toEqual([
      "  run_step order",
      "  run_step pack",
      "  run_step pay",
      "invoke_workflow shop",
    ]);
  });

  test("that grows while it is processed keeps its run, and its wait is no error", async () => {
    const { queue, ended } = bench(async (job: Job, token?: string) => {
      if (job.name === "child" || job.data.asked === true) return "done";
      const parent = { id: String(job.id), queue: job.queueQualifiedName };
      await queue.add("child", {}, { parent });
      await job.updateData({ asked: true });
      if (await job.moveToWaitingChildren(String(token))) throw new WaitingChildrenError();
      return "done";
    });
    await queue.add("parent", {});
    expect(await ended(2)).toEqual(["completed", "completed"]);
    const runs = await named(`invoke_workflow ${queue.name}.parent`, 2);
    expect(runs.map((run) => run.attributes[WORKFLOW.runResult])).toEqual(["paused", "success"]);
    const ids = [...runs, await one("run_step child")].map(
      (span) => span.attributes[WORKFLOW.runId],
    );
    expect(new Set(ids).size).toBe(1);
  });
});

needsRedis("the host", () => {
  test("gets job, token and signal in its processor, and its own result and events", async () => {
    const seen: unknown[][] = [];
    const { queue } = bench(async () => undefined);
    const events = kept(new QueueEvents(queue.name, { connection: connection() }));
    await events.waitUntilReady();
    const processor = async (job: Job, token?: string, signal?: AbortSignal) => {
      seen.push([job.constructor.name, typeof token, signal?.constructor.name]);
      return { n: 1 };
    };
    kept(new Worker(queue.name, processor, { connection: connection() }));
    const job = await queue.add("plain", {});
    expect(await job.waitUntilFinished(events)).toEqual({ n: 1 });
    expect(seen).toEqual([["Job", "string", "AbortSignal"]]);
  });

  test("has its processor in a process of its own where it wants that", async () => {
    const file = fileURLToPath(new URL("apps/job-processor.cjs", import.meta.url));
    const { queue, ended } = bench(file);
    await queue.add("sandboxed", { to: "a" });
    expect(await ended()).toEqual(["completed"]);
    const { attributes } = await one("run_step sandboxed");
    const output = JSON.parse(String(attributes[WORKFLOW.stepOutput])) as { pid: number };
    expect(output).toMatchObject({ to: "a" });
    expect(output.pid).not.toBe(process.pid);
  });

  test("gets the library's own errors for what cannot be written as JSON", async () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const { queue, ended } = bench(async () => cycle);
    await queue.add("cyclic", {});
    expect((await ended())[0]).toMatch(/^failed: Converting circular structure/);
    const failed = await one("run_step cyclic");
    expect(failed.attributes[WORKFLOW.stepResult]).toBe("failure");
    await expect(queue.add("cyclic", cycle)).rejects.toThrow(/circular/);
    await expect(queue.add("big", { n: 1n })).rejects.toThrow(/BigInt/);
  });

  test("is not disturbed by options of a class, and by options that throw", async () => {
    const { queue, ended } = bench(async () => undefined);
    class Options {
      readonly priority = 3;
    }
    const throwing = Object.defineProperty({}, "telemetry", {
      get: () => {
        throw new Error("no");
      },
    });
    const job = await workflow({ id: "w", name: "w" }, async () => {
      await queue.add("throws", {}, throwing);
      return queue.add("kept", {}, new Options());
    });
    expect(job.opts.priority).toBe(3);
    expect(await ended(2)).toEqual(["completed", "completed"]);
  });

  test.each([
    "not json",
    "[1]",
    "null",
    '{"traceparent":7,"baggage":"workflow.run.id=%%%"}',
    `{"baggage":"${"a".repeat(20_000)}"}`,
  ])("is not disturbed by foreign metadata %#", async (metadata) => {
    const { queue, ended } = bench(async () => undefined);
    await queue.add("foreign", {}, { telemetry: { metadata } });
    expect(await ended()).toEqual(["completed"]);
    await one(`invoke_workflow ${queue.name}.foreign`);
  });

  test("is not disturbed by a configuration that throws", async () => {
    instrumentation.setConfig({
      run: () => {
        throw new Error("no");
      },
    });
    const { queue, ended } = bench(async () => undefined);
    await queue.add("w", {});
    expect(await ended()).toEqual(["completed"]);
    await one(`invoke_workflow ${queue.name}.w`);
  });

  test("records nothing and carries nothing when disabled", async () => {
    instrumentation.disable();
    try {
      const { queue, ended } = bench(async () => undefined);
      const job = await workflow({ id: "w", name: "w" }, () => queue.add("off", {}));
      expect(job.opts).not.toHaveProperty("telemetry");
      await ended();
      expect(recording.spans().map((span) => span.name)).toEqual(["invoke_workflow w"]);
    } finally {
      instrumentation.enable();
    }
  });
});
