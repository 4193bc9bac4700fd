/**
 * Sends the example log records with the official exporters.
 *
 * In: where a receiver listens. Out: nothing, or an error when the exporter reports one.
 * Side effects: one export over the network.
 */
import { ExportResultCode } from "@opentelemetry/core";
import { OTLPLogExporter as GrpcExporter } from "@opentelemetry/exporter-logs-otlp-grpc";
import { OTLPLogExporter as JsonExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as ProtoExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import type { LogRecordExporter } from "@opentelemetry/sdk-logs";
import { EXAMPLE_LOGS } from "./example-logs.ts";
import type { SenderCompression } from "./senders.ts";

/** The exporters' options; their declared enum has these texts as values. */
function options<T>(url: string, compression: SenderCompression): { url: string; compression: T } {
  return { url, compression: compression as T };
}

/** @param url `http://host:port` of the gRPC listener */
export function sendLogsWithGrpc(
  url: string,
  compression: SenderCompression = "none",
): Promise<void> {
  return send(new GrpcExporter(options(url, compression)));
}

/** OTLP/JSON. @param url `http://host:port/v1/logs` */
export function sendLogsWithHttpJson(
  url: string,
  compression: SenderCompression = "none",
): Promise<void> {
  return send(new JsonExporter(options(url, compression)));
}

/** @param url `http://host:port/v1/logs` */
export function sendLogsWithHttpProto(
  url: string,
  compression: SenderCompression = "none",
): Promise<void> {
  return send(new ProtoExporter(options(url, compression)));
}

async function send(exporter: LogRecordExporter): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      exporter.export([...EXAMPLE_LOGS], (result) => {
        if (result.code === ExportResultCode.SUCCESS) resolve();
        else reject(result.error ?? new Error("the exporter failed without a reason"));
      });
    });
  } finally {
    await exporter.shutdown();
  }
}
