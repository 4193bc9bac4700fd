/**
 * OpenTelemetry instrumentation for `@anthropic-ai/sdk`.
 *
 * From 0.134 the SDK records its own spans: they are configured, never recorded twice, and learn from
 * `create` what they leave out. Below that, side effects when enabled: `create` of messages and beta
 * messages records a span (`parse` and `stream` go through it); `retryRequest` of the client counts
 * resends.
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
  type PatchableClass,
  type PatchableMethod,
  readField,
  safely,
  wrapCreate,
} from "@spanledger/api/internal";
import type { AnthropicClass } from "./internal-types.ts";
import { messages } from "./messages.ts";
import { carryRequest } from "./own-request.ts";
import { configureOwnTracing, restore } from "./own-tracing.ts";
import { providerOf } from "./provider.ts";
import type { AnthropicInstrumentationConfig, AnthropicModule } from "./types.ts";

const NAME = "@spanledger/instrumentation-anthropic";
const VERSION = "0.1.0";

/** Versions of `@anthropic-ai/sdk` that are supported. */
export const ANTHROPIC_VERSIONS: readonly string[] = [">=0.50.1 <2"];

type Exports = Readonly<Record<string, unknown>>;

export class AnthropicInstrumentation extends InstrumentationBase<AnthropicInstrumentationConfig> {
  /** Variables that were set; undefined while the instrumentation is disabled. */
  declare private configured: readonly string[] | undefined;

  constructor(config: AnthropicInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  /** Called by the base class while it is constructed, too. */
  override enable(): void {
    super.enable();
    const { captureContent, propagate } = this.getConfig();
    this.configured ??= safely(() =>
      configureOwnTracing({
        captureContent: captureContent !== false,
        propagate: propagate === true,
      }),
    );
  }

  override disable(): void {
    super.disable();
    restore(this.configured ?? []);
    this.configured = undefined;
  }

  /** Patch a class that no import hook sees: bundled applications, or modules loaded before. */
  manuallyInstrument(module: AnthropicModule): void {
    safely(() => this.patch(module.Anthropic));
  }

  // No `#private` methods: the base class patches while it is constructed, before they exist.
  protected override init(): InstrumentationNodeModuleDefinition[] {
    const files = ["@anthropic-ai/sdk/client.js", "@anthropic-ai/sdk/client.mjs"].map(
      (name) =>
        new InstrumentationNodeModuleFile(
          name,
          [...ANTHROPIC_VERSIONS],
          (exports: Exports) => {
            safely(() => this.patch(exports.Anthropic));
            return exports;
          },
          () => undefined,
        ),
    );
    return [
      new InstrumentationNodeModuleDefinition(
        "@anthropic-ai/sdk",
        [...ANTHROPIC_VERSIONS],
        undefined,
        undefined,
        files,
      ),
    ];
  }

  private patch(exported: unknown): void {
    if (typeof exported !== "function") return;
    const client = exported as unknown as AnthropicClass;
    // Only versions that record spans of their own have the settings of them.
    const isOwn = "openTelemetry" in client.prototype;
    const wrapper = isOwn ? carryRequest(() => this.carriesContent()) : this.recording();
    for (const resource of [client.Messages, client.Beta?.Messages]) {
      this.patchMethod(resource, "create", wrapper);
      // The SDK begins the span of a streamed message before the helper comes to `create`.
      if (isOwn) this.patchMethod(resource, "stream", wrapper);
    }
    if (!isOwn) this.patchMethod(client, "retryRequest", countResends);
  }

  /** What {@link carryRequest} asks: whether content is kept; undefined while disabled. */
  private carriesContent(): boolean | undefined {
    return this.isEnabled() ? this.getConfig().captureContent !== false : undefined;
  }

  private recording(): (original: PatchableMethod) => PatchableMethod {
    const begin = (self: unknown, body: unknown): ModelCall | undefined => {
      if (!this.isEnabled() || !isJson(body)) return undefined;
      const client = readField(self, "_client");
      return new ModelCall({
        tracer: this.tracer,
        client,
        provider: providerOf(client),
        body,
        operation: messages,
        captureContent: this.getConfig().captureContent !== false,
      });
    };
    return wrapCreate(begin);
  }

  /** The clients of other platforms inherit: what is patched is the prototype that has it. */
  private patchMethod(
    owner: PatchableClass | undefined,
    name: string,
    wrapper: (original: PatchableMethod) => PatchableMethod,
  ): void {
    let prototype: unknown = owner?.prototype;
    while (isJson(prototype) && !Object.hasOwn(prototype, name)) {
      prototype = Object.getPrototypeOf(prototype);
    }
    if (!isJson(prototype) || typeof prototype[name] !== "function") return;
    if (isWrapped(prototype[name])) return;
    this._wrap(prototype as Record<string, PatchableMethod>, name, wrapper);
  }
}
