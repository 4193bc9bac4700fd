/**
 * Start everything: SDK, exporter, hooks, patches, the flush at the end.
 *
 * In: the environment. Side effects: OpenTelemetry's globals, patched prototypes, one line per
 * library on standard error (`SPANLEDGER_QUIET=1` keeps it silent). Never throws.
 */
import { resolve } from "node:path";
import { ProxyTracerProvider, trace } from "@opentelemetry/api";
import {
  envDetector,
  type Resource,
  type ResourceDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from "@opentelemetry/resources";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { RunSpanProcessor } from "@spanledger/api";
import { type CaptureLevel, captureLevel } from "@spanledger/api/internal";
import { AnthropicSpanProcessor } from "@spanledger/instrumentation-anthropic";
import { TELEMETRY } from "@spanledger/schema";
import { CheapAttributes } from "./cheap-attributes.ts";
import { createExporter, queueLimits } from "./exporter.ts";
import { registerHooks } from "./hooks.ts";
import { createLibraries, HOOKED_FILES } from "./libraries.ts";
import { flushAtExit } from "./lifecycle.ts";
import { type Arrival, patchLibraries } from "./patch.ts";
import { SpanQueue } from "./span-queue.ts";

/** What is running. */
export interface Started {
  readonly flush: () => Promise<void>;
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
  const queue = exporter && new SpanQueue(exporter, queueLimits(), say);
  const capture = captureLevel();
  if (capture !== "full") say(`content is not recorded: SPANLEDGER_CAPTURE is ${capture}`);
  const attributes = new CheapAttributes();
  const sdk = new NodeSDK({
    spanProcessors: [
      attributes,
      new RunSpanProcessor(capture),
      new AnthropicSpanProcessor(),
      ...(queue === undefined ? [] : [queue]),
    ],
    ...resourceOf(capture),
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  const provider = trace.getTracerProvider();
  attributes.serve(provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider);
  const { instrumentations, libraries } = createLibraries(capture === "full");
  const arrival = arrivalOf();
  const isHooked = registerHooks(HOOKED_FILES, arrival === "required");
  const now = arrival === "required" && !isHooked ? "unhooked" : arrival;
  for (const line of patchLibraries(libraries, now, applicationFile())) say(line);
  if (queue !== undefined) flushAtExit(queue, say);
  return {
    flush: async () => queue?.forceFlush(),
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

interface ResourceOptions {
  resource?: Resource;
  resourceDetectors?: ResourceDetector[];
}

/** Cheap detectors alone: no network, and no command line, which may hold secrets. */
function resourceOf(capture: CaptureLevel): ResourceOptions {
  const options: ResourceOptions = {};
  // Who reads the record must see that content was left out, not that there was none.
  if (capture !== "full") {
    options.resource = resourceFromAttributes({ [TELEMETRY.capture]: capture });
  }
  if (!process.env.OTEL_NODE_RESOURCE_DETECTORS?.trim()) {
    options.resourceDetectors = [envDetector, serviceInstanceIdDetector];
  }
  return options;
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
