/**
 * OpenTelemetry instrumentation for the client of `@modelcontextprotocol/sdk` 1.x.
 *
 * Side effects when enabled: `Client.prototype.request`, which every other method goes through,
 * records calls of tools, reads of resources and gets of prompts, and gives the server their
 * context.
 */
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
  isWrapped,
} from "@opentelemetry/instrumentation";
import { observe, readField, safely } from "@spanledger/api/internal";
import { Hook } from "require-in-the-middle";
import { beginRequest } from "./request.ts";
import type { McpInstrumentationConfig, McpModule } from "./types.ts";

const NAME = "@spanledger/instrumentation-mcp";
const VERSION = "0.1.0";

/** Versions of `@modelcontextprotocol/sdk` that are supported. */
export const MCP_VERSIONS: readonly string[] = [">=1.8.0 <2"];

/**
 * What CommonJS applications require. The package's own entry point does not exist, and so the base
 * class's hook, which looks it up, passes over every file of the package.
 */
const REQUIRED_NAMES: readonly string[] = [
  "@modelcontextprotocol/sdk/client",
  "@modelcontextprotocol/sdk/client/index.js",
];

type Request = (this: unknown, ...args: unknown[]) => unknown;

export class McpInstrumentation extends InstrumentationBase<McpInstrumentationConfig> {
  constructor(config: McpInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
  }

  /** Patch a class that no import hook sees: bundled applications, or modules loaded before. */
  manuallyInstrument(module: McpModule): void {
    safely(() => this.patch(module.Client));
  }

  // No `#private` methods: the base class patches while it is constructed, before they exist.
  protected override init(): InstrumentationNodeModuleDefinition[] {
    const patch = <Exports>(exports: Exports): Exports => {
      safely(() => this.patch(readField(exports, "Client")));
      return exports;
    };
    new Hook([...REQUIRED_NAMES], { internals: true }, patch);
    const versions = [...MCP_VERSIONS];
    const file = new InstrumentationNodeModuleFile(
      "@modelcontextprotocol/sdk/dist/esm/client/index.js",
      versions,
      patch,
      () => undefined,
    );
    return [
      new InstrumentationNodeModuleDefinition(
        "@modelcontextprotocol/sdk",
        versions,
        undefined,
        undefined,
        [file],
      ),
    ];
  }

  private patch(exported: unknown): void {
    const prototype = readField(exported, "prototype") as { request?: Request } | undefined;
    if (typeof prototype?.request !== "function" || isWrapped(prototype.request)) return;
    const instrumentation = this;
    this._wrap(prototype as { request: Request }, "request", (original) => {
      return function requestAndRecord(this: unknown, ...args: unknown[]) {
        const begun = safely(() => instrumentation.begin(this, args[0]));
        if (begun === undefined) return Reflect.apply(original, this, args);
        const run = (): unknown => Reflect.apply(original, this, [begun.request, ...args.slice(1)]);
        return observe(begun.active, run, begun);
      };
    });
  }

  private begin(client: unknown, request: unknown) {
    if (!this.isEnabled()) return undefined;
    const { captureContent, propagate } = this.getConfig();
    return beginRequest({
      tracer: this.tracer,
      client,
      request,
      captureContent: captureContent !== false,
      propagate: propagate !== false,
    });
  }
}
