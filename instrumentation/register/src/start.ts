/**
 * Start everything: SDK, exporter, hooks, patches, the flush at the end.
 *
 * In: the environment. Side effects: OpenTelemetry's globals, patched prototypes, one line per
 * library on standard error (`SPANLEDGER_QUIET=1` keeps it silent). Never throws.
 */
import { resolve } from "node:path";
import {
  envDetector,
  type ResourceDetector,
  serviceInstanceIdDetector,
} from "@opentelemetry/resources";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { RunSpanProcessor } from "@spanledger/api";
import { AnthropicSpanProcessor } from "@spanledger/instrumentation-anthropic";
import { createBatches, createExporter } from "./exporter.ts";
import { registerHooks } from "./hooks.ts";
import { createLibraries, HOOKED_FILES } from "./libraries.ts";
import { type Flush, flushAtExit, PendingSpans } from "./lifecycle.ts";
import { type Arrival, patchLibraries } from "./patch.ts";

/** What is running. */
export interface Started {
  readonly flush: Flush;
  readonly shutdown: () => Promise<void>;
}

const IDLE: Started = { flush: async () => undefined, shutdown: async () => undefined };

/** One start per process, also where two copies of this package are loaded. */
const STARTED = Symbol.for("spanledger.register.started");

type GlobalState = { [STARTED]?: Started };

/** Start once; later calls return what runs already. */
export function start(): Started {
  const state = globalThis as GlobalState;
  if (state[STARTED] !== undefined) return state[STARTED];
  state[STARTED] = IDLE;
  try {
    state[STARTED] = startAll();
  } catch (error) {
    say(`not started: ${error instanceof Error ? error.message : "unknown error"}`);
  }
  return state[STARTED];
}

function startAll(): Started {
  if (process.env.OTEL_SDK_DISABLED?.trim().toLowerCase() === "true") {
    say("not started: OTEL_SDK_DISABLED is true");
    return IDLE;
  }
  const exporter = createExporter();
  const batches = exporter === undefined ? [] : [createBatches(exporter)];
  const pending = new PendingSpans();
  const sdk = new NodeSDK({
    spanProcessors: [new RunSpanProcessor(), new AnthropicSpanProcessor(), pending, ...batches],
    ...detectors(),
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  const { instrumentations, libraries } = createLibraries();
  const arrival = arrivalOf();
  const isHooked = registerHooks(HOOKED_FILES, arrival === "required");
  const now = arrival === "required" && !isHooked ? "unhooked" : arrival;
  for (const line of patchLibraries(libraries, now, applicationFile())) say(line);
  const flush = async (): Promise<void> => {
    await Promise.all(batches.map((processor) => processor.forceFlush()));
  };
  flushAtExit(flush, pending);
  return {
    flush,
    shutdown: async () => {
      for (const instrumentation of instrumentations) instrumentation.disable();
      await sdk.shutdown();
    },
  };
}

/** The file that Node was asked to run; libraries are looked for from there. */
function applicationFile(): string {
  return resolve(process.argv[1] ?? process.cwd(), process.argv[1] ? "." : "index.js");
}

/** Cheap ones alone: no network, and no command line, which may hold secrets. */
function detectors(): { resourceDetectors?: ResourceDetector[] } {
  if (process.env.OTEL_NODE_RESOURCE_DETECTORS?.trim()) return {};
  return { resourceDetectors: [envDetector, serviceInstanceIdDetector] };
}

/** How this package came into the process. */
function arrivalOf(): Arrival {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  if (stack.includes("node:internal/modules/cjs/loader")) return "required";
  const flags = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ");
  return /--import[= ]+\S*@?spanledger\/register/.test(flags) ? "preloaded" : "imported";
}

function say(line: string): void {
  if (process.env.SPANLEDGER_QUIET === "1") return;
  process.stderr.write(`spanledger: ${line}\n`);
}
