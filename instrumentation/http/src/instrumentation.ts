/**
 * OpenTelemetry instrumentation for the servers of `node:http` and `node:https`, and so for every
 * framework that runs on them.
 *
 * Side effect when enabled: `emit` of both servers' prototypes begins a record where a request
 * arrives.
 */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import { context } from "@opentelemetry/api";
import {
  InstrumentationBase,
  type InstrumentationNodeModuleDefinition,
  isWrapped,
} from "@opentelemetry/instrumentation";
import { safely } from "@spanledger/api/internal";
import { beginNode } from "./node.ts";
import { type Settings, settingsOf } from "./settings.ts";
import { NAME, VERSION } from "./tracer.ts";
import type { HttpInstrumentationConfig, HttpModule } from "./types.ts";

type Emit = (this: unknown, ...args: unknown[]) => unknown;

export class HttpInstrumentation extends InstrumentationBase<HttpInstrumentationConfig> {
  constructor(config: HttpInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  /** Patch servers that are not this process's own `node:http`. */
  manuallyInstrument(module: HttpModule): void {
    safely(() => this.patch(module.Server));
  }

  // Node's own modules are there already; no hook has to wait for them. No `#private` methods: the
  // base class patches while it is constructed, before they exist.
  protected override init(): InstrumentationNodeModuleDefinition[] {
    this.manuallyInstrument(http);
    this.manuallyInstrument(https);
    return [];
  }

  private patch(server: unknown): void {
    if (typeof server !== "function") return;
    const prototype = server.prototype as { emit: Emit };
    if (typeof prototype.emit !== "function" || isWrapped(prototype.emit)) return;
    const instrumentation = this;
    let known: { config: HttpInstrumentationConfig; settings: Settings } | undefined;
    const settings = (): Settings => {
      const config = instrumentation.getConfig();
      if (known?.config !== config) known = { config, settings: settingsOf(config) };
      return known.settings;
    };
    this._wrap(prototype, "emit", (original: Emit): Emit => {
      return function emitAndRecord(this: unknown, ...args: unknown[]) {
        const emit = (): unknown => Reflect.apply(original, this, args);
        if (args[0] !== "request" || !instrumentation.isEnabled()) return emit();
        const begun = safely(() => {
          const [, request, response] = args as [string, IncomingMessage, ServerResponse];
          return beginNode(instrumentation.tracer, request, response, settings());
        });
        if (begun === undefined) return emit();
        try {
          return context.with(begun.active, emit);
        } catch (error) {
          begun.record.failed(error);
          throw error;
        }
      };
    });
  }
}
