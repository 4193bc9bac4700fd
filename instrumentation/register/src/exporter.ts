/**
 * The exporter that the environment asks for.
 *
 * In: the standard `OTEL_*` variables. Out: an exporter, or undefined where none is wanted.
 */
import { createRequire } from "node:module";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  type SpanExporter,
} from "@opentelemetry/sdk-trace";

/** Where spans go when the environment says nothing: a receiver on this machine. */
const DEFAULT_GRPC_ENDPOINT = "http://127.0.0.1:4317";

/**
 * Spans that wait for export at most. Eight times the SDK's default: a burst of runs must not lose
 * its audit trail; at about 2 KB a span it is some 32 MB.
 */
const QUEUE_SPANS_MAX = 16_384;

/** Spans per request. Content makes spans large; 256 of them stay below gRPC's usual 4 MB. */
const BATCH_SPANS_MAX = 256;

/** How long spans are collected before they are sent, in milliseconds. */
const BATCH_DELAY_MS = 1_000;

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
  return new OTLPTraceExporter(given?.trim() ? {} : { url: DEFAULT_GRPC_ENDPOINT });
}

/** Collect spans for the exporter; `OTEL_BSP_*` wins over our sizes. */
export function createBatches(
  exporter: SpanExporter,
  environment: Environment = process.env,
): BatchSpanProcessor {
  const read = (name: string, otherwise: number): number => {
    const value = Number(environment[name]);
    return Number.isInteger(value) && value > 0 ? value : otherwise;
  };
  return new BatchSpanProcessor({
    exporter,
    maxQueueSize: read("OTEL_BSP_MAX_QUEUE_SIZE", QUEUE_SPANS_MAX),
    maxExportBatchSize: read("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", BATCH_SPANS_MAX),
    scheduledDelayMillis: read("OTEL_BSP_SCHEDULE_DELAY", BATCH_DELAY_MS),
    exportTimeoutMillis: read("OTEL_BSP_EXPORT_TIMEOUT", 30_000),
  });
}

function createHttpExporter(name: string): SpanExporter {
  // The SDK brings these packages; looked for from there, so that a strict installer has them too.
  const ours = createRequire(import.meta.url);
  const fromSdk = createRequire(ours.resolve("@opentelemetry/sdk-node"));
  const loaded = fromSdk(name) as { OTLPTraceExporter: new () => SpanExporter };
  return new loaded.OTLPTraceExporter();
}
