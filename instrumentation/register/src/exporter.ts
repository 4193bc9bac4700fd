/**
 * The exporter that the environment asks for.
 *
 * In: the standard `OTEL_*` variables. Out: an exporter, or undefined where none is wanted.
 */
import { createRequire } from "node:module";
import { ConsoleSpanExporter, type SpanExporter } from "@opentelemetry/sdk-trace";
import { GrpcTraceExporter } from "./grpc-exporter.ts";
import type { SpanQueueLimits } from "./span-queue.ts";

/** Where spans go when the environment says nothing: a receiver on this machine. */
const DEFAULT_GRPC_ENDPOINT = "http://127.0.0.1:4317";

/**
 * Spans that wait for export at most. Eight times the SDK's default: a burst of runs must not lose
 * its audit trail; at about 2 KB a span it is some 32 MB.
 */
const QUEUE_SPANS_MAX = 16_384;

/** Characters of attributes that wait at most: spans with long content must not fill the memory. */
const QUEUE_CHARS_MAX = 67_108_864;

/** Spans per request. */
const BATCH_SPANS_MAX = 256;

/** Characters of attributes per request: below gRPC's usual 4 MB, also where some take 3 bytes. */
const BATCH_CHARS_MAX = 1_048_576;

/** How long spans are collected before they are sent, in milliseconds. */
const BATCH_DELAY_MS = 1_000;

/** Longest wait for the exporter, in milliseconds: the SDK's own default. */
const EXPORT_TIMEOUT_MS = 30_000;

/** Packages of the HTTP exporters, by protocol; they come with the SDK and are loaded when asked for. */
const HTTP_EXPORTERS: Readonly<Record<string, string>> = {
  "http/protobuf": "@opentelemetry/exporter-trace-otlp-proto",
  "http/json": "@opentelemetry/exporter-trace-otlp-http",
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Make the exporter; undefined for `OTEL_TRACES_EXPORTER=none`. */
export function createExporter(environment: Environment = process.env): SpanExporter | undefined {
  const kind = environment.OTEL_TRACES_EXPORTER?.trim();
  if (kind === "none") return undefined;
  if (kind === "console") return new ConsoleSpanExporter();
  const protocol =
    environment.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL?.trim() ||
    environment.OTEL_EXPORTER_OTLP_PROTOCOL?.trim() ||
    "grpc";
  const httpExporter = HTTP_EXPORTERS[protocol];
  if (httpExporter !== undefined) return createHttpExporter(httpExporter);
  const given =
    environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? environment.OTEL_EXPORTER_OTLP_ENDPOINT;
  return new GrpcTraceExporter(given?.trim() ? {} : { url: DEFAULT_GRPC_ENDPOINT });
}

/** Sizes and times of the queue; `OTEL_BSP_*` wins over ours. */
export function queueLimits(environment: Environment = process.env): SpanQueueLimits {
  const read = (name: string, otherwise: number): number => {
    const value = Number(environment[name]);
    return Number.isInteger(value) && value > 0 ? value : otherwise;
  };
  const spansMax = read("OTEL_BSP_MAX_QUEUE_SIZE", QUEUE_SPANS_MAX);
  return {
    spansMax,
    charsMax: QUEUE_CHARS_MAX,
    batchSpansMax: Math.min(spansMax, read("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", BATCH_SPANS_MAX)),
    batchCharsMax: BATCH_CHARS_MAX,
    delayMs: read("OTEL_BSP_SCHEDULE_DELAY", BATCH_DELAY_MS),
    exportTimeoutMs: read("OTEL_BSP_EXPORT_TIMEOUT", EXPORT_TIMEOUT_MS),
  };
}

function createHttpExporter(name: string): SpanExporter {
  // The SDK brings these packages; looked for from there, so that a strict installer has them too.
  const ours = createRequire(import.meta.url);
  const fromSdk = createRequire(ours.resolve("@opentelemetry/sdk-node"));
  const loaded = fromSdk(name) as { OTLPTraceExporter: new () => SpanExporter };
  return new loaded.OTLPTraceExporter();
}
