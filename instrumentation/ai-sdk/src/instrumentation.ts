/**
 * OpenTelemetry instrumentation for Vercel's AI SDK, package `ai`, 6 and 7.
 *
 * Side effect while enabled: one object in `globalThis.AI_SDK_TELEMETRY_INTEGRATIONS`, the list in
 * which the SDK itself looks for telemetry at each call. Nothing is patched, so that it does not
 * matter how the SDK was loaded or bundled.
 */
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
} from "@opentelemetry/instrumentation";
import { safely } from "@spanledger/api/internal";
import { AiSdkIntegration } from "./integration.ts";
import type { SdkIntegration } from "./internal-types.ts";
import type { AiSdkInstrumentationConfig } from "./types.ts";

const NAME = "@spanledger/instrumentation-ai-sdk";
const VERSION = "0.1.0";

/** Versions of `ai` that are supported. */
export const AI_SDK_VERSIONS: readonly string[] = [">=6.0.111 <8"];

export class AiSdkInstrumentation extends InstrumentationBase<AiSdkInstrumentationConfig> {
  /** Made when first asked for: the base class enables itself before fields are set. */
  declare private own: AiSdkIntegration | undefined;

  constructor(config: AiSdkInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  /**
   * The object that the SDK calls. A call with a list of its own (`telemetry.integrations`) asks
   * nobody else: put it into that list.
   */
  get integration(): SdkIntegration {
    this.own ??= new AiSdkIntegration(() =>
      this.isEnabled()
        ? { tracer: this.tracer, captureContent: this.getConfig().captureContent !== false }
        : undefined,
    );
    return this.own;
  }

  /** Nothing to patch; here so that every instrumentation can be called the same way. */
  manuallyInstrument(_module?: unknown): void {
    this.listen();
  }

  override enable(): void {
    super.enable();
    this.listen();
  }

  override disable(): void {
    super.disable();
    safely(() => {
      const list = globalThis.AI_SDK_TELEMETRY_INTEGRATIONS;
      const at = list?.indexOf(this.integration) ?? -1;
      if (at >= 0) list?.splice(at, 1);
    });
  }

  protected override init(): InstrumentationNodeModuleDefinition[] {
    return [new InstrumentationNodeModuleDefinition("ai", [...AI_SDK_VERSIONS])];
  }

  private listen(): void {
    safely(() => {
      globalThis.AI_SDK_TELEMETRY_INTEGRATIONS ??= [];
      const list = globalThis.AI_SDK_TELEMETRY_INTEGRATIONS;
      if (!list.includes(this.integration)) list.push(this.integration);
    });
  }
}
