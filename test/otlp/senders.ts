/**
 * Sends the example trace with the official exporters.
 *
 * In: where a receiver listens. Out: nothing, or an error when the exporter reports one.
 * Side effects: one export over the network. Helpers for tests, also of stored rows.
 */
import { ExportResultCode } from "@opentelemetry/core";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { EXAMPLE_SPAN } from "./example-trace.ts";

/** Compressions of the exporters. */
export type SenderCompression = "none" | "gzip";

/** The exporters declare an enum with these texts as values. */
function compressionOf<T>(compression: SenderCompression): T {
  return compression as T;
}

/**
 * Send with `@opentelemetry/exporter-trace-otlp-grpc`.
 *
 * @param url `http://host:port` of the gRPC listener
 */
export async function sendWithGrpc(
  url: string,
  compression: SenderCompression = "none",
  spans: readonly ReadableSpan[] = [EXAMPLE_SPAN],
): Promise<void> {
  await send(new GrpcExporter({ url, compression: compressionOf(compression) }), spans);
}

/**
 * Send with `@opentelemetry/exporter-trace-otlp-http`, which speaks OTLP/JSON.
 *
 * @param url `http://host:port/v1/traces`
 */
export async function sendWithHttpJson(
  url: string,
  compression: SenderCompression = "none",
  spans: readonly ReadableSpan[] = [EXAMPLE_SPAN],
): Promise<void> {
  await send(new JsonExporter({ url, compression: compressionOf(compression) }), spans);
}

/**
 * Send with `@opentelemetry/exporter-trace-otlp-proto`.
 *
 * @param url `http://host:port/v1/traces`
 */
export async function sendWithHttpProto(
  url: string,
  compression: SenderCompression = "none",
  spans: readonly ReadableSpan[] = [EXAMPLE_SPAN],
): Promise<void> {
  await send(new ProtoExporter({ url, compression: compressionOf(compression) }), spans);
}

async function send(exporter: SpanExporter, spans: readonly ReadableSpan[]): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      exporter.export([...spans], (result) => {
        if (result.code === ExportResultCode.SUCCESS) resolve();
        else reject(result.error ?? new Error("the exporter failed without a reason"));
      });
    });
  } finally {
    await exporter.shutdown();
  }
}
