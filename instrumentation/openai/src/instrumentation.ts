/**
 * OpenTelemetry instrumentation for the openai package, 5 to 7.
 *
 * Side effects when enabled: `create` of chat completions, responses and embeddings records a span
 * (`parse` and `stream` go through it); `runTools` also records the tools that it runs;
 * `OpenAI.prototype.retryRequest` counts resends.
 */
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
  isWrapped,
} from "@opentelemetry/instrumentation";
import {
  countResends,
  isJson,
  ModelCall,
  type ModelOperation,
  type PatchableClass,
  type PatchableMethod,
  readField,
  safely,
  wrapCreate,
} from "@spanledger/api/internal";
import { chat } from "./chat.ts";
import { embeddings } from "./embeddings.ts";
import type { OpenAIClass } from "./internal-types.ts";
import { providerOf } from "./provider.ts";
import { responses } from "./responses.ts";
import { recordingTools } from "./tools.ts";
import type { OpenAIInstrumentationConfig, OpenAIModule } from "./types.ts";

const NAME = "@spanledger/instrumentation-openai";
const VERSION = "0.1.0";

/** Versions of `openai` that are supported. */
export const OPENAI_VERSIONS: readonly string[] = [">=5.0.1 <8"];

type Exports = Readonly<Record<string, unknown>>;

export class OpenAIInstrumentation extends InstrumentationBase<OpenAIInstrumentationConfig> {
  constructor(config: OpenAIInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  /** Patch a class that no import hook sees: bundled applications, or modules loaded before. */
  manuallyInstrument(module: OpenAIModule): void {
    safely(() => this.patch(module.OpenAI));
  }

  // No `#private` methods: the base class patches while it is constructed, before they exist.
  protected override init(): InstrumentationNodeModuleDefinition[] {
    const files = ["openai/client.js", "openai/client.mjs"].map(
      (name) =>
        new InstrumentationNodeModuleFile(
          name,
          [...OPENAI_VERSIONS],
          (exports: Exports) => {
            safely(() => this.patch(exports.OpenAI));
            return exports;
          },
          () => undefined,
        ),
    );
    const versions = [...OPENAI_VERSIONS];
    return [
      new InstrumentationNodeModuleDefinition("openai", versions, undefined, undefined, files),
    ];
  }

  private patch(exported: unknown): void {
    if (typeof exported !== "function") return;
    const client = exported as unknown as OpenAIClass;
    this.patchCreate(client.Chat?.Completions, chat);
    this.patchCreate(client.Responses, responses);
    this.patchCreate(client.Embeddings, embeddings);
    this.patchMethod(client.Chat?.Completions, "runTools", (original) => this.runTools(original));
    this.patchMethod(client, "retryRequest", countResends);
  }

  private patchCreate(resource: PatchableClass | undefined, operation: ModelOperation): void {
    const begin = (self: unknown, body: unknown): ModelCall | undefined => {
      if (!this.isEnabled() || !isJson(body)) return undefined;
      const client = readField(self, "_client");
      return new ModelCall({
        tracer: this.tracer,
        client,
        provider: providerOf(client),
        body,
        operation,
        captureContent: this.capturesContent(),
      });
    };
    this.patchMethod(resource, "create", wrapCreate(begin));
  }

  private runTools(original: PatchableMethod): PatchableMethod {
    const instrumentation = this;
    return function runToolsAndRecord(this: unknown, body: unknown, ...rest: unknown[]) {
      const recorded = safely(() => instrumentation.withRecordingTools(body));
      return Reflect.apply(original, this, [recorded ?? body, ...rest]);
    };
  }

  private withRecordingTools(body: unknown): unknown {
    if (!this.isEnabled()) return body;
    return recordingTools(body, { tracer: this.tracer, captureContent: this.capturesContent() });
  }

  private capturesContent(): boolean {
    return this.getConfig().captureContent !== false;
  }

  private patchMethod(
    owner: PatchableClass | undefined,
    name: string,
    wrapper: (original: PatchableMethod) => PatchableMethod,
  ): void {
    const prototype = owner?.prototype;
    if (prototype === undefined || typeof prototype[name] !== "function") return;
    if (isWrapped(prototype[name])) return;
    this._wrap(prototype as Record<string, PatchableMethod>, name, wrapper);
  }
}
