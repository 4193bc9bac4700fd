/**
 * The real Mastra, instrumented in this process, and what its tests share.
 *
 * Side effect: patches Mastra on import; spans are kept in memory.
 */
import { Mastra } from "@mastra/core";
import * as agents from "@mastra/core/agent";
import { InMemoryStore } from "@mastra/core/storage";
import * as workflows from "@mastra/core/workflows";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { explainDecision } from "@spanledger/api";
import { MastraInstrumentation } from "@spanledger/instrumentation-mastra";
import { z } from "zod";
import { type Recording, record } from "./spans.ts";

/** Every span of this process. */
export const recording: Recording = record();
export const instrumentation: MastraInstrumentation = new MastraInstrumentation();
instrumentation.manuallyInstrument({ ...workflows, ...agents });

const { createStep, createWorkflow } = workflows;

/** What a step gets, as far as these tests use it. */
export interface StepContext {
  // biome-ignore lint/suspicious/noExplicitAny: whatever the workflow of the test hands on
  readonly inputData: any;
  readonly resumeData?: unknown;
  readonly requestContext: { keys(): Iterable<unknown> };
  suspend(payload: unknown): Promise<never>;
}

type Execute = (context: StepContext) => unknown;

const SCHEMAS = { inputSchema: z.any(), outputSchema: z.any() };

/** A step without schemas. */
export function step(id: string, execute: Execute, options: object = {}): never {
  const run = async (context: unknown): Promise<unknown> => execute(context as StepContext);
  return createStep({ id, ...SCHEMAS, ...options, execute: run as never }) as never;
}

/** A workflow without schemas, to be chained. */
// biome-ignore lint/suspicious/noExplicitAny: the builder's type follows schemas that are not there
export function flow(id: string, options: object = {}): any {
  return createWorkflow({ id, ...SCHEMAS, ...options });
}

/** A way to run a workflow, with storage of its own, and to resume it as another process would. */
export interface Started {
  readonly status: string;
  readonly result?: unknown;
  readonly error?: unknown;
  resume(step: string | readonly string[], resumeData: unknown): Promise<Started>;
}

/** A workflow as it is run. */
interface Runs {
  createRun(options?: { readonly runId: string }): Promise<{
    readonly runId: string;
    start(options: object): Promise<object>;
    resume(options: object): Promise<object>;
  }>;
}

export async function start(workflow: unknown, inputData: unknown): Promise<Started> {
  const mastra = new Mastra({
    workflows: { workflow: workflow as never },
    storage: new InMemoryStore(),
    logger: false,
  });
  const runs = mastra.getWorkflow("workflow") as unknown as Runs;
  const run = await runs.createRun();
  return started(runs, run.runId, await run.start({ inputData }));
}

function started(runs: Runs, runId: string, result: object): Started {
  return {
    ...(result as Omit<Started, "resume">),
    resume: async (at, resumeData) => {
      const again = await runs.createRun({ runId });
      return started(runs, runId, await again.resume({ step: at, resumeData }));
    },
  };
}

/** Classify, look up with one retry, ask a person, refund. */
export function refundFlow(): unknown {
  let lookups = 0;
  const lookup = step(
    "lookup",
    () => {
      lookups += 1;
      if (lookups === 1) throw new TypeError("connection lost");
      return { order: 7 };
    },
    { retries: 1 },
  );
  const approve = step(
    "approve",
    ({ resumeData, suspend }) => resumeData ?? suspend({ question: "refund?" }),
    { suspendSchema: z.any(), resumeSchema: z.any() },
  );
  const isHigh = async ({ inputData }: StepContext): Promise<boolean> => {
    explainDecision({ reason: "score is high", confidence: 0.9 });
    return inputData.score > 0.5;
  };
  const isLow = async ({ inputData }: StepContext): Promise<boolean> => inputData.score <= 0.5;
  return flow("refund_flow")
    .then(step("classify", ({ inputData }) => inputData))
    .branch(
      [
        [isHigh, lookup],
        [isLow, step("reject", () => ({}))],
      ],
      { id: "by_score" },
    )
    .then(approve)
    .then(step("refund", () => ({ refunded: true })))
    .commit();
}

/** The only span of a name. */
export function named(name: string): ReadableSpan {
  const [span, ...more] = recording.named(name);
  if (span === undefined || more.length > 0) throw new Error(`not one span ${name}`);
  return span;
}
