/**
 * OpenTelemetry instrumentation for LangChain core 1.x.
 *
 * Side effects when enabled: tools, chat models, sequences and branches record spans; see tool.ts,
 * model.ts, chain.ts and branch.ts for the methods that are patched.
 */
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
  isWrapped,
} from "@opentelemetry/instrumentation";
import { safely } from "@spanledger/api/internal";
import { wrapBranch } from "./branch.ts";
import { wrapStream as wrapChainStream, wrapInvoke } from "./chain.ts";
import type { Method, Recorder, Wrapper } from "./internal-types.ts";
import { wrapGenerate, wrapStream as wrapModelStream } from "./model.ts";
import { wrapToolCall } from "./tool.ts";
import type { LangChainInstrumentationConfig, LangChainModules } from "./types.ts";

const NAME = "@spanledger/instrumentation-langchain";
const VERSION = "0.1.0";

/** Versions of `@langchain/core` that are supported. */
export const LANGCHAIN_CORE_VERSIONS: readonly string[] = [">=1.0.1 <2"];

/** The files of `@langchain/core` that define what is patched, without their endings. */
const FILES = ["tools/index", "language_models/chat_models", "runnables/base", "runnables/branch"];

export class LangChainInstrumentation extends InstrumentationBase<LangChainInstrumentationConfig> {
  constructor(config: LangChainInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  /** Patch classes that no import hook sees: bundled applications, or modules loaded before. */
  manuallyInstrument(modules: LangChainModules): void {
    safely(() => this.patch(modules));
  }

  protected override init(): InstrumentationNodeModuleDefinition[] {
    const versions = [...LANGCHAIN_CORE_VERSIONS];
    const files = FILES.flatMap((name) => [`${name}.js`, `${name}.cjs`]).map(
      (name) =>
        new InstrumentationNodeModuleFile(
          `@langchain/core/dist/${name}`,
          versions,
          (exports: LangChainModules) => {
            this.manuallyInstrument(exports);
            return exports;
          },
          () => undefined,
        ),
    );
    return [
      new InstrumentationNodeModuleDefinition(
        "@langchain/core",
        versions,
        undefined,
        undefined,
        files,
      ),
    ];
  }

  // No `#private` methods: the base class patches while it is constructed, before they exist.
  private patch(modules: LangChainModules): void {
    const recorder: Recorder = {
      tracer: () => this.tracer,
      enabled: () => this.isEnabled(),
      captureContent: () => this.getConfig().captureContent !== false,
    };
    const { StructuredTool, BaseChatModel, RunnableSequence, RunnableBranch } = modules;
    this.patchMethod(StructuredTool, "call", wrapToolCall(recorder));
    this.patchMethod(BaseChatModel, "_generateUncached", wrapGenerate(recorder));
    this.patchMethod(BaseChatModel, "_streamIterator", wrapModelStream(recorder));
    this.patchMethod(RunnableSequence, "invoke", wrapInvoke(recorder));
    this.patchMethod(RunnableSequence, "batch", wrapInvoke(recorder));
    this.patchMethod(RunnableSequence, "_streamIterator", wrapChainStream(recorder));
    this.patchMethod(RunnableBranch, "_invoke", wrapBranch(recorder));
    this.patchMethod(RunnableBranch, "_streamIterator", wrapBranch(recorder));
  }

  private patchMethod(exported: unknown, name: string, wrapper: Wrapper): void {
    if (typeof exported !== "function") return;
    const prototype = exported.prototype as Record<string, Method> | undefined;
    // Only where the class itself has it: a method that it inherits belongs to others as well.
    if (prototype === undefined || !Object.hasOwn(prototype, name)) return;
    if (isWrapped(prototype[name])) return;
    this._wrap(prototype, name, wrapper);
  }
}
