/**
 * OpenTelemetry instrumentation for LangGraph 1.x and the tools of LangChain core 1.x.
 *
 * Side effects when enabled: `Pregel.prototype._runLoop` (reached from invoke, stream and
 * streamEvents) and `StructuredTool.prototype.call` record spans; a graph that runs gets recording
 * nodes and branches (see graph.ts).
 */
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
  isWrapped,
} from "@opentelemetry/instrumentation";
import { observe, safely } from "@spanledger/api/internal";
import { instrumentGraph, type Recorder } from "./graph.ts";
import type { PatchableClass, PregelGraph, RunLoopParams } from "./internal-types.ts";
import { beginLoop } from "./loop.ts";
import { wrapToolCall } from "./tool.ts";
import type { LangGraphInstrumentationConfig, LangGraphModules } from "./types.ts";

const NAME = "@spanledger/instrumentation-langgraph";
const VERSION = "0.1.0";

/** Versions of `@langchain/langgraph` that are supported. */
export const LANGGRAPH_VERSIONS: readonly string[] = [">=1.0.0 <2"];

/** Versions of `@langchain/core` that are supported. */
export const LANGCHAIN_CORE_VERSIONS: readonly string[] = [">=1.0.0 <2"];

type RunLoop = (this: PregelGraph, params: RunLoopParams) => unknown;
type Exports = Readonly<Record<string, unknown>>;

export class LangGraphInstrumentation extends InstrumentationBase<LangGraphInstrumentationConfig> {
  constructor(config: LangGraphInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  /** Patch classes that no import hook sees: bundled applications, or modules loaded before. */
  manuallyInstrument(modules: LangGraphModules): void {
    safely(() => {
      this.patchLoop(modules.Pregel);
      this.patchLoop(modules.CompiledStateGraph);
      this.patchTool(modules.StructuredTool);
    });
  }

  protected override init(): InstrumentationNodeModuleDefinition[] {
    const file = (name: string, versions: readonly string[], patch: (exports: Exports) => void) =>
      [".js", ".cjs"].map(
        (ending) =>
          new InstrumentationNodeModuleFile(
            `${name}${ending}`,
            [...versions],
            (exports: Exports) => {
              safely(() => patch(exports));
              return exports;
            },
            () => undefined,
          ),
      );
    const langgraph = file(
      "@langchain/langgraph/dist/pregel/index",
      LANGGRAPH_VERSIONS,
      (exports) => this.patchLoop(exports.Pregel),
    );
    const core = file("@langchain/core/dist/tools/index", LANGCHAIN_CORE_VERSIONS, (exports) =>
      this.patchTool(exports.StructuredTool),
    );
    return [
      definition("@langchain/langgraph", LANGGRAPH_VERSIONS, langgraph),
      definition("@langchain/core", LANGCHAIN_CORE_VERSIONS, core),
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
        const begun = safely(() => {
          instrumentGraph(this, recorder);
          return beginLoop(recorder.tracer(), this, params.loop);
        });
        return begun === undefined ? run() : observe(begun.active, run, begun);
      };
    });
  }

  private patchTool(exported: unknown): void {
    const prototype = prototypeWith(exported, "call");
    if (prototype === undefined) return;
    this._wrap(
      prototype as { call: (...args: unknown[]) => unknown },
      "call",
      wrapToolCall(this.recorder()),
    );
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

function definition(
  name: string,
  versions: readonly string[],
  files: InstrumentationNodeModuleFile[],
): InstrumentationNodeModuleDefinition {
  return new InstrumentationNodeModuleDefinition(name, [...versions], undefined, undefined, files);
}
