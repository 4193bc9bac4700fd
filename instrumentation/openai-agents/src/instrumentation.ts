/**
 * OpenTelemetry instrumentation for the OpenAI Agents SDK, `@openai/agents`.
 *
 * Side effects when enabled: `Runner.prototype.run` records runs; the SDK's own tracing
 * (`MultiTracingProcessor.prototype`) tells of what happens inside of them. A processor of our own in
 * the SDK's list would be the documented way, but `setTraceProcessors()`, which applications call so
 * that nothing is sent to OpenAI, throws it out.
 */
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  isWrapped,
} from "@opentelemetry/instrumentation";
import { observe, type PatchableMethod, readField, safely } from "@spanledger/api/internal";
import type { Recorder, SdkSpan } from "./internal-types.ts";
import { beginAgents } from "./run.ts";
import { activeScope } from "./scope.ts";
import type { OpenAIAgentsInstrumentationConfig, OpenAIAgentsModule } from "./types.ts";

const NAME = "@spanledger/instrumentation-openai-agents";
const VERSION = "0.1.0";

/** Versions of `@openai/agents-core` that are supported. */
export const OPENAI_AGENTS_VERSIONS: readonly string[] = [">=0.20.0 <1"];

type Prototype = Record<string, PatchableMethod>;

export class OpenAIAgentsInstrumentation extends InstrumentationBase<OpenAIAgentsInstrumentationConfig> {
  constructor(config: OpenAIAgentsInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  /** Patch classes that no import hook sees: bundled applications, or modules loaded before. */
  manuallyInstrument(module: OpenAIAgentsModule): void {
    safely(() => {
      const { getCurrentSpan } = module;
      if (typeof getCurrentSpan !== "function") return;
      this.patchRunner(module.Runner, () => safely(() => getCurrentSpan() as SdkSpan | undefined));
      this.patchTracing(module.MultiTracingProcessor);
    });
  }

  // No `#private` methods: the base class patches while it is constructed, before they exist.
  protected override init(): InstrumentationNodeModuleDefinition[] {
    return [
      new InstrumentationNodeModuleDefinition(
        "@openai/agents-core",
        [...OPENAI_AGENTS_VERSIONS],
        (exports: OpenAIAgentsModule) => {
          this.manuallyInstrument(exports);
          return exports;
        },
        () => undefined,
      ),
    ];
  }

  private patchRunner(exported: unknown, currentSpan: Recorder["currentSpan"]): void {
    const prototype = readField(exported, "prototype") as Prototype | undefined;
    if (typeof prototype?.run !== "function" || isWrapped(prototype.run)) return;
    const recorder = (): Recorder => ({
      tracer: this.tracer,
      captureContent: this.getConfig().captureContent !== false,
      currentSpan,
    });
    const isEnabled = (): boolean => this.isEnabled();
    this._wrap(prototype, "run", (original) => {
      return function runAndRecord(this: unknown, ...args: unknown[]) {
        const run = (): unknown => Reflect.apply(original, this, args);
        if (!isEnabled()) return run();
        const begun = safely(() => beginAgents(recorder(), this, args));
        return begun === undefined ? run() : observe(begun.active, run, begun);
      };
    });
  }

  private patchTracing(exported: unknown): void {
    const prototype = readField(exported, "prototype") as Prototype | undefined;
    if (typeof prototype?.onSpanStart !== "function" || isWrapped(prototype.onSpanStart)) return;
    const tell = (original: PatchableMethod, told: (span: SdkSpan) => void): PatchableMethod =>
      function tellAndGoOn(this: unknown, ...args: unknown[]) {
        safely(() => told(args[0] as SdkSpan));
        return Reflect.apply(original, this, args) as unknown;
      };
    this._wrap(prototype, "onSpanStart", (original) =>
      tell(original, (span) => activeScope()?.started(span)),
    );
    this._wrap(prototype, "onSpanEnd", (original) =>
      tell(original, (span) => activeScope()?.ended(span)),
    );
  }
}
