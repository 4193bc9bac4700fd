/**
 * OpenTelemetry instrumentation for LangGraph 1.x.
 *
 * Side effects when enabled: `Pregel.prototype._runLoop` (reached from invoke, stream and
 * streamEvents) and `bulkUpdateState` record spans; a graph that runs gets recording nodes and branches (see graph.ts).
 * The tools, models and chains in its nodes are LangChain's: see instrumentation-langchain.
 */
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
  isWrapped,
} from "@opentelemetry/instrumentation";
import { observe, safely } from "@spanledger/api/internal";
import { findFirstPart } from "./ancestry.ts";
import type { FirstPart } from "./checkpoint.ts";
import { instrumentGraph, type Recorder } from "./graph.ts";
import type { PatchableClass, PregelGraph, RunLoopParams } from "./internal-types.ts";
import { beginLoop } from "./loop.ts";
import { recordTasks } from "./tasks.ts";
import type { LangGraphInstrumentationConfig, LangGraphModules } from "./types.ts";
import { type Update, wrapUpdate } from "./update.ts";

const NAME = "@spanledger/instrumentation-langgraph";
const VERSION = "0.1.0";

/** Versions of `@langchain/langgraph` that are supported. */
export const LANGGRAPH_VERSIONS: readonly string[] = [">=1.0.0 <2"];

type RunLoop = (this: PregelGraph, params: RunLoopParams) => unknown;

export class LangGraphInstrumentation extends InstrumentationBase<LangGraphInstrumentationConfig> {
  constructor(config: LangGraphInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  /** Patch classes that no import hook sees: bundled applications, or modules loaded before. */
  manuallyInstrument(modules: LangGraphModules): void {
    safely(() => {
      for (const exported of [modules.Pregel, modules.CompiledStateGraph]) {
        this.patchLoop(exported);
        this.patchUpdate(exported);
      }
    });
  }

  protected override init(): InstrumentationNodeModuleDefinition[] {
    const versions = [...LANGGRAPH_VERSIONS];
    const files = [".js", ".cjs"].map(
      (ending) =>
        new InstrumentationNodeModuleFile(
          `@langchain/langgraph/dist/pregel/index${ending}`,
          versions,
          (exports: LangGraphModules) => {
            this.manuallyInstrument(exports);
            return exports;
          },
          () => undefined,
        ),
    );
    return [
      new InstrumentationNodeModuleDefinition(
        "@langchain/langgraph",
        versions,
        undefined,
        undefined,
        files,
      ),
    ];
  }

  /** Asked by the patched functions at each call. No `#private` methods: the base class patches while it
   * is constructed, before they exist. */
  private recorder(): Recorder {
    return {
      tracer: () => this.tracer,
      enabled: () => this.isEnabled(),
      captureContent: () => this.getConfig().captureContent !== false,
    };
  }

  private patchLoop(exported: unknown): void {
    const prototype = prototypeWith(exported, "_runLoop");
    if (prototype === undefined) return;
    const recorder = this.recorder();
    this._wrap(prototype as { _runLoop: RunLoop }, "_runLoop", (original: RunLoop): RunLoop => {
      return function runLoopAndRecord(this: PregelGraph, params: RunLoopParams) {
        const run = (): unknown => Reflect.apply(original, this, [params]);
        if (!recorder.enabled()) return run();
        const { loop } = params;
        const record = (first?: FirstPart): unknown => {
          const begun = safely(() => {
            instrumentGraph(this, recorder);
            recordTasks(loop, recorder);
            return beginLoop(recorder.tracer(), this, loop, first);
          });
          return begun === undefined ? run() : observe(begun.active, run, begun);
        };
        const search = safely(() => findFirstPart(loop));
        if (search === undefined) return record();
        return search.catch(() => undefined).then(record);
      };
    });
  }

  private patchUpdate(exported: unknown): void {
    const prototype = prototypeWith(exported, "bulkUpdateState");
    if (prototype === undefined) return;
    const wrap = wrapUpdate(this.recorder());
    this._wrap(prototype as { bulkUpdateState: Update }, "bulkUpdateState", wrap);
  }
}

/** The prototype that owns a method: the class's own or one it inherits from; not patched yet. */
function prototypeWith(exported: unknown, method: string): PatchableClass["prototype"] | undefined {
  if (typeof exported !== "function") return undefined;
  let prototype: unknown = exported.prototype;
  while (typeof prototype === "object" && prototype !== null && !Object.hasOwn(prototype, method)) {
    prototype = Object.getPrototypeOf(prototype);
  }
  if (typeof prototype !== "object" || prototype === null) return undefined;
  const own = prototype as PatchableClass["prototype"];
  return isWrapped(own[method]) ? undefined : own;
}
