/**
 * OpenTelemetry instrumentation for the openai package, 5 to 7.
 *
 * Side effects when enabled: `create` of chat completions, responses and embeddings records a span
 * (`parse`, `stream` and `runTools` go through it); `OpenAI.prototype.retryRequest` counts resends.
 */
import { context } from "@opentelemetry/api";
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
  isWrapped,
} from "@opentelemetry/instrumentation";
import { readField, safely } from "@spanledger/api/internal";
import { activeCall, Call } from "./call.ts";
import { chat } from "./chat.ts";
import { embeddings } from "./embeddings.ts";
import { type ApiPromise, isJson, type OpenAIClass, type ResourceClass } from "./internal-types.ts";
import type { Operation } from "./operation.ts";
import { responses } from "./responses.ts";
import type { OpenAIInstrumentationConfig, OpenAIModule } from "./types.ts";

const NAME = "@spanledger/instrumentation-openai";
const VERSION = "0.1.0";

/** Versions of `openai` that are supported. */
export const OPENAI_VERSIONS: readonly string[] = [">=5.0.0 <8"];

type Method = (this: unknown, ...args: unknown[]) => unknown;
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
    this.patchMethod(client, "retryRequest", (original) => {
      return function countResend(this: unknown, ...args: unknown[]) {
        safely(() => activeCall()?.resent());
        return Reflect.apply(original, this, args);
      };
    });
  }

  private patchCreate(resource: ResourceClass | undefined, operation: Operation): void {
    const instrumentation = this;
    this.patchMethod(resource, "create", (original) => {
      return function createAndRecord(this: unknown, ...args: unknown[]) {
        const run = (): unknown => Reflect.apply(original, this, args);
        const call = safely(() => instrumentation.begin(this, args[0], operation));
        if (call === undefined) return run();
        let promise: unknown;
        try {
          promise = context.with(call.active, run);
        } catch (error) {
          call.failed(error);
          throw error;
        }
        return safely(() => call.observe(promise as ApiPromise)) ?? promise;
      };
    });
  }

  private begin(resource: unknown, body: unknown, operation: Operation): Call | undefined {
    if (!this.isEnabled() || !isJson(body)) return undefined;
    return new Call({
      tracer: this.tracer,
      client: readField(resource, "_client"),
      body,
      operation,
      captureContent: this.getConfig().captureContent !== false,
    });
  }

  private patchMethod(
    owner: ResourceClass | undefined,
    name: string,
    wrapper: (original: Method) => Method,
  ): void {
    const prototype = owner?.prototype;
    if (prototype === undefined || typeof prototype[name] !== "function") return;
    if (isWrapped(prototype[name])) return;
    this._wrap(prototype as Record<string, Method>, name, wrapper);
  }
}
