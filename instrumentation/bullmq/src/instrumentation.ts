/**
 * OpenTelemetry instrumentation for BullMQ 5 and 6.
 *
 * Side effects when enabled: what is added to a queue carries the active context in the job's
 * options; a worker records each attempt at a job. Prototypes alone are patched.
 */
import { context } from "@opentelemetry/api";
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
  isWrapped,
} from "@opentelemetry/instrumentation";
import { newId } from "@spanledger/api";
import { observe, readField, safely } from "@spanledger/api/internal";
import { type Attempt, beginAttempt } from "./attempt.ts";
import {
  carryingEntries,
  carryingFlow,
  carryingOptions,
  flowMetadata,
  metadataOf,
} from "./carry.ts";
import type { FlowNode, Job, JobOptions } from "./internal-types.ts";
import type { BullMQInstrumentationConfig, BullMQModule } from "./types.ts";

const NAME = "@spanledger/instrumentation-bullmq";
const VERSION = "0.1.0";

/** Versions of `bullmq` that are supported. */
export const BULLMQ_VERSIONS: readonly string[] = [">=5.0.0 <7"];

/** Files that define the patched classes; `index` is there for those who import the package. */
const FILES = ["classes/flow-producer", "classes/queue", "classes/worker", "index"];

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Exports = Readonly<Record<string, unknown>>;

export class BullMQInstrumentation extends InstrumentationBase<BullMQInstrumentationConfig> {
  constructor(config: BullMQInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  /** Patch classes that no import hook sees: bundled applications, or modules loaded before. */
  manuallyInstrument(module: BullMQModule): void {
    safely(() => this.patch(module));
  }

  // No `#private` methods: the base class patches while it is constructed, before they exist.
  protected override init(): InstrumentationNodeModuleDefinition[] {
    const files = FILES.map(
      (name) =>
        new InstrumentationNodeModuleFile(
          `bullmq/dist/cjs/${name}.js`,
          [...BULLMQ_VERSIONS],
          (exports: Exports) => {
            safely(() => this.patch(exports));
            return exports;
          },
          () => undefined,
        ),
    );
    const versions = [...BULLMQ_VERSIONS];
    return [
      new InstrumentationNodeModuleDefinition("bullmq", versions, undefined, undefined, files),
    ];
  }

  private patch({ Queue, FlowProducer, Worker }: BullMQModule): void {
    this.patchArguments(Queue, "add", ([name, data, options, ...rest]) => [
      name,
      data,
      carryingOptions(options as JobOptions | undefined, metadataOf()),
      ...rest,
    ]);
    this.patchArguments(Queue, "addBulk", ([entries, ...rest]) => [
      carryingEntries(entries, metadataOf()),
      ...rest,
    ]);
    this.patchArguments(FlowProducer, "add", ([flow, ...rest]) => [carry(flow), ...rest]);
    this.patchArguments(FlowProducer, "addBulk", ([flows, ...rest]) => [
      Array.isArray(flows) ? flows.map(carry) : flows,
      ...rest,
    ]);
    this.patchWorker(Worker);
  }

  /** Let what is added carry the context, unless the application's own tracing does. */
  private patchArguments(
    owner: unknown,
    name: string,
    change: (args: readonly unknown[]) => readonly unknown[],
  ): void {
    const instrumentation = this;
    this.patchMethod(owner, name, (original) => {
      return function addWithContext(this: unknown, ...args: unknown[]) {
        const isTraced = readField(readField(this, "opts"), "telemetry") !== undefined;
        const changed =
          isTraced || !instrumentation.isEnabled() ? undefined : safely(() => change(args));
        return Reflect.apply(original, this, changed ?? args);
      };
    });
  }

  private patchWorker(worker: unknown): void {
    const instrumentation = this;
    const attempts = new WeakMap<object, Attempt>();
    this.patchMethod(worker, "processJob", (original) => {
      return function processAndRecord(this: unknown, ...args: unknown[]) {
        const run = (): unknown => Reflect.apply(original, this, args);
        const job = args[0];
        if (!instrumentation.isEnabled() || typeof job !== "object" || job === null) return run();
        const attempt = safely(() =>
          beginAttempt(instrumentation.tracer, job as Job, instrumentation.getConfig()),
        );
        if (attempt === undefined) return run();
        attempts.set(job, attempt);
        return observe(context.active(), run, {
          returned: () => attempt.end(),
          threw: (error) => {
            attempt.failed(error);
            attempt.end();
          },
        });
      };
    });
    this.patchMethod(worker, "callProcessJob", (original) => {
      return function callInContext(this: unknown, ...args: unknown[]) {
        const run = (): unknown => Reflect.apply(original, this, args);
        const attempt = attempts.get(args[0] as object);
        if (attempt === undefined) return run();
        // What it throws comes to the worker, which decides what becomes of the job.
        return observe(attempt.active, run, { returned: attempt.returned, threw: attempt.failed });
      };
    });
    this.patchMethod(worker, "handleFailed", (original) => {
      return function noteFailure(this: unknown, ...args: unknown[]) {
        safely(() => attempts.get(args[1] as object)?.failed(args[0]));
        return Reflect.apply(original, this, args);
      };
    });
  }

  private patchMethod(owner: unknown, name: string, wrapper: (original: Method) => Method): void {
    if (typeof owner !== "function") return;
    const prototype = owner.prototype as Record<string, Method>;
    if (typeof prototype[name] !== "function" || isWrapped(prototype[name])) return;
    this._wrap(prototype, name, wrapper);
  }
}

/** A flow is one run: outside of a run its root is the run, and what it waits for are its steps. */
function carry(flow: unknown): unknown {
  const { root, others } = flowMetadata(flow as FlowNode, newId());
  return carryingFlow(flow as FlowNode, root, others);
}
