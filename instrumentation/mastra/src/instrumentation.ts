/**
 * OpenTelemetry instrumentation for Mastra's workflows and agents, `@mastra/core` 1.
 *
 * Side effects when enabled: `DefaultExecutionEngine.prototype` records runs (`execute`), attempts of
 * steps (`executeStep`, `executeStepWithRetry`), branches (`executeConditional`) and loops
 * (`executeLoop`), and pauses (`executeSleep`, `executeSleepUntil`); `serializeRequestContext` keeps the run's ids in the snapshots of a run.
 * `Agent.prototype` hands out models and tools that record.
 */
import { context } from "@opentelemetry/api";
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
  isWrapped,
} from "@opentelemetry/instrumentation";
import { isJson, observe, type PatchableMethod, readField, safely } from "@spanledger/api/internal";
import { patchModelClass, patchResolvedModels, recordConvertedTools } from "./agent.ts";
import { continuationOf, SNAPSHOT_KEY } from "./continuation.ts";
import { recordBranch, recordLoop } from "./decision.ts";
import {
  type ControlParams,
  type ExecuteParams,
  isInternal,
  type Recorder,
  type StepParams,
} from "./internal-types.ts";
import { activeScope, beginExecution } from "./run.ts";
import { beginAttempts, beginSleep, withStepParams } from "./step.ts";
import type { MastraInstrumentationConfig, MastraModules } from "./types.ts";

const NAME = "@spanledger/instrumentation-mastra";
const VERSION = "0.1.0";

/** Versions of `@mastra/core` that are supported. */
export const MASTRA_VERSIONS: readonly string[] = [">=1.0.0 <2"];

/** The files whose exports are patched, below `dist`. */
const FILES = ["workflows", "agent", "llm"].flatMap((folder) => [
  `${folder}/index.js`,
  `${folder}/index.cjs`,
]);

type Exports = Readonly<Record<string, unknown>>;
type Prototype = Record<string, PatchableMethod>;

export class MastraInstrumentation extends InstrumentationBase<MastraInstrumentationConfig> {
  constructor(config: MastraInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  /** Patch a class that no import hook sees: bundled applications, or modules loaded before. */
  manuallyInstrument(modules: MastraModules): void {
    safely(() => this.patchEngine(modules.DefaultExecutionEngine));
    safely(() => this.patchAgent(modules.Agent));
    safely(() => this.patchModel(modules.ModelRouterLanguageModel));
  }

  // No `#private` methods: the base class patches while it is constructed, before they exist.
  protected override init(): InstrumentationNodeModuleDefinition[] {
    const files = FILES.map(
      (file) =>
        new InstrumentationNodeModuleFile(
          `@mastra/core/dist/${file}`,
          [...MASTRA_VERSIONS],
          (exports: Exports) => {
            this.manuallyInstrument(exports);
            return exports;
          },
          () => undefined,
        ),
    );
    const versions = [...MASTRA_VERSIONS];
    return [
      new InstrumentationNodeModuleDefinition(
        "@mastra/core",
        versions,
        undefined,
        undefined,
        files,
      ),
    ];
  }

  private patchEngine(engineClass: unknown): void {
    const prototype = readField(engineClass, "prototype") as Prototype | undefined;
    if (prototype === undefined) return;
    this.wrapMethod(prototype, "execute", (original) => this.recordRun(original));
    this.wrapMethod(prototype, "executeStep", (original) => this.recordStep(original));
    this.wrapMethod(prototype, "executeStepWithRetry", (original) => this.recordTries(original));
    this.wrapMethod(prototype, "executeConditional", (original) =>
      this.recordControl(original, recordBranch),
    );
    this.wrapMethod(prototype, "executeLoop", (original) =>
      this.recordControl(original, recordLoop),
    );
    for (const name of ["executeSleep", "executeSleepUntil"]) {
      this.wrapMethod(prototype, name, (original) => this.recordSleep(original));
    }
    this.wrapMethod(prototype, "serializeRequestContext", keepRunIds);
  }

  private patchAgent(agentClass: unknown): void {
    const prototype = readField(agentClass, "prototype") as Prototype | undefined;
    if (prototype === undefined) return;
    const source = (): Recorder | undefined => this.recorderOf(undefined);
    this.wrapMethod(prototype, "resolveModelConfig", (original) =>
      patchResolvedModels(original, (model) => this.patchModel(readField(model, "constructor"))),
    );
    this.wrapMethod(prototype, "convertTools", (original) =>
      recordConvertedTools(original, source),
    );
  }

  private patchModel(modelClass: unknown): void {
    const source = (): Recorder | undefined => this.recorderOf(undefined);
    patchModelClass(modelClass, source, (prototype, name, wrapper) =>
      this.wrapMethod(prototype, name, wrapper),
    );
  }

  private recordRun(original: PatchableMethod): PatchableMethod {
    const recorder = (engine: unknown) => this.recorderOf(engine);
    return function executeAndRecord(this: unknown, ...args) {
      const run = (): unknown => Reflect.apply(original, this, args);
      const begun = safely(() => {
        const recording = recorder(this);
        if (recording === undefined) return undefined;
        return beginExecution(recording, args[0] as ExecuteParams);
      });
      return begun === undefined ? run() : observe(begun.active, run, begun);
    };
  }

  private recordStep(original: PatchableMethod): PatchableMethod {
    const recorder = (engine: unknown) => this.recorderOf(engine);
    return function executeStepAndRecord(this: unknown, ...args) {
      const run = (): unknown => Reflect.apply(original, this, args);
      const active = safely(() =>
        recorder(this) === undefined ? undefined : withStepParams(args[0] as StepParams),
      );
      return active === undefined ? run() : context.with(active, run);
    };
  }

  private recordTries(original: PatchableMethod): PatchableMethod {
    const recorder = (engine: unknown) => this.recorderOf(engine);
    return function tryAndRecord(this: unknown, ...args) {
      const attempts = safely(() => {
        const recording = recorder(this);
        return recording === undefined ? undefined : beginAttempts(recording);
      });
      const [id, attempt, ...rest] = args;
      if (attempts === undefined || typeof attempt !== "function") {
        return Reflect.apply(original, this, args);
      }
      const recording = (): unknown => attempts.run(() => Reflect.apply(attempt, undefined, []));
      const run = (): unknown => Reflect.apply(original, this, [id, recording, ...rest]);
      const ended = (): void => attempts.ended();
      return observe(context.active(), run, { returned: ended, threw: ended });
    };
  }

  private recordSleep(original: PatchableMethod): PatchableMethod {
    const recorder = (engine: unknown) => this.recorderOf(engine);
    return function sleepAndRecord(this: unknown, ...args) {
      const run = (): unknown => Reflect.apply(original, this, args);
      const attempts = safely(() => {
        const recording = recorder(this);
        return recording === undefined
          ? undefined
          : beginSleep(recording, args[0] as ControlParams);
      });
      if (attempts === undefined) return run();
      const ended = (): void => attempts.ended();
      const slept = (): unknown => attempts.run(run);
      return observe(context.active(), slept, { returned: ended, threw: ended });
    };
  }

  private recordControl(
    original: PatchableMethod,
    record: (recorder: Recorder, params: ControlParams) => ControlParams,
  ): PatchableMethod {
    const recorder = (engine: unknown) => this.recorderOf(engine);
    return function executeAndRecordDecision(this: unknown, params, ...rest) {
      const recording = safely(() => {
        const by = recorder(this);
        if (by === undefined || activeScope() === undefined) return undefined;
        return record(by, params as ControlParams);
      });
      return Reflect.apply(original, this, [recording ?? params, ...rest]);
    };
  }

  /** What to record with; undefined where nothing is to be recorded. */
  private recorderOf(engine: unknown): Recorder | undefined {
    if (!this.isEnabled() || isInternal(engine)) return undefined;
    return { tracer: this.tracer, captureContent: this.getConfig().captureContent !== false };
  }

  private wrapMethod(
    prototype: Prototype,
    name: string,
    wrapper: (original: PatchableMethod) => PatchableMethod,
  ): void {
    if (typeof prototype[name] !== "function" || isWrapped(prototype[name])) return;
    this._wrap(prototype, name, wrapper);
  }
}

/** Mastra writes what this returns into the snapshot, and nowhere else. */
function keepRunIds(original: PatchableMethod): PatchableMethod {
  return function serializeWithRunIds(this: unknown, ...args) {
    const serialized = Reflect.apply(original, this, args);
    safely(() => {
      const scope = activeScope();
      if (scope === undefined || isInternal(this) || !isJson(serialized)) return;
      Reflect.set(serialized, SNAPSHOT_KEY, continuationOf(scope.state));
    });
    return serialized;
  };
}
