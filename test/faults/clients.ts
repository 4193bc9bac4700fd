/**
 * Those who send: protobuf bytes over HTTP and gRPC, and the official exporters.
 *
 * In: a request. Out: what the receiver answered. Side effects: connections. A client never retries
 * by itself in a way that changes bytes; who wants a retry sends the same request again.
 */
import { Agent, request as httpRequest } from "node:http";
import { gzipSync } from "node:zlib";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { ExportResultCode } from "@opentelemetry/core";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import { encodeRequest, readableSpan } from "./otlp-bytes.ts";
import type { TestSpan } from "./spans.ts";

/** Longest wait for an answer, in milliseconds: the exporters' own default. */
const ANSWER_MAX_MS = 10_000;

/** Exporters retry within this time; then the load sends again. */
const EXPORTER_TIMEOUT_MS = 3_000;

export const EXPORT_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/**
 * - `acknowledged`: success, without any refused span
 * - `refused`: come back later
 * - `rejected`: never send this again
 * - `broken`: nobody knows whether it arrived
 */
export type AnswerKind = "acknowledged" | "refused" | "rejected" | "broken";

export interface Answer {
  readonly kind: AnswerKind;
  /** Without content, for the report. */
  readonly reason: string;
}

export interface OtlpClient {
  readonly name: string;
  /** Set when it sends the bytes of `encodeRequest`: the transport that it sends them over. */
  readonly wire?: "http" | "grpc";
  send(spans: readonly TestSpan[]): Promise<Answer>;
  close(): Promise<void>;
}

/** A client that takes any bytes. */
interface WireClient extends OtlpClient {
  readonly wire: "http" | "grpc";
  sendBytes(body: Buffer): Promise<Answer>;
}

/** Where a receiver listens. */
export interface OtlpPorts {
  readonly otlpGrpc: number;
  readonly otlpHttp: number;
}

const ACKNOWLEDGED: Answer = { kind: "acknowledged", reason: "" };
const RETRYABLE_HTTP = new Set([429, 502, 503, 504]);
const BROKEN_GRPC = new Set([status.CANCELLED, status.DEADLINE_EXCEEDED, status.ABORTED]);
const RETRYABLE_GRPC = new Set([status.UNAVAILABLE, status.RESOURCE_EXHAUSTED]);

/** Sends bytes over OTLP/HTTP; a second client with `gzip` sends the same ones compressed. */
function httpClient(ports: OtlpPorts, options: { gzip?: boolean } = {}): WireClient {
  const agent = new Agent({ keepAlive: true });
  const isGzip = options.gzip === true;
  const send = (bytes: Buffer): Promise<Answer> =>
    new Promise((resolve) => {
      const body = isGzip ? gzipSync(bytes, { level: 1 }) : bytes;
      const broken = (error: Error): void => resolve({ kind: "broken", reason: error.message });
      const request = httpRequest(
        {
          host: "127.0.0.1",
          port: ports.otlpHttp,
          path: "/v1/traces",
          method: "POST",
          agent,
          signal: AbortSignal.timeout(ANSWER_MAX_MS),
          headers: {
            "Content-Type": "application/x-protobuf",
            "Content-Length": body.length,
            ...(isGzip ? { "Content-Encoding": "gzip" } : {}),
          },
        },
        (response) => {
          let sizeBytes = 0;
          response.on("data", (chunk: Buffer) => {
            sizeBytes += chunk.length;
          });
          response.on("error", broken);
          response.on("end", () => resolve(httpAnswer(response.statusCode ?? 0, sizeBytes)));
        },
      );
      request.on("error", broken);
      request.end(body);
    });
  return {
    name: isGzip ? "http-gzip" : "http",
    wire: "http",
    sendBytes: send,
    send: (spans) => send(encodeRequest(spans)),
    close: async () => agent.destroy(),
  };
}

function httpAnswer(statusCode: number, sizeBytes: number): Answer {
  // Full success is an empty message; anything in it is a partial success.
  if (statusCode === 200 && sizeBytes === 0) return ACKNOWLEDGED;
  const kind = RETRYABLE_HTTP.has(statusCode) ? "refused" : "rejected";
  return { kind, reason: `HTTP ${statusCode}` };
}

/** Sends bytes over OTLP/gRPC, all over one connection. */
function grpcClient(ports: OtlpPorts): WireClient {
  const client = new Client(`127.0.0.1:${ports.otlpGrpc}`, credentials.createInsecure(), {
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 500,
    // A channel of its own: the library shares them between clients of the same address.
    "grpc.use_local_subchannel_pool": 1,
  });
  const identity = (bytes: Buffer): Buffer => bytes;
  const sendBytes = (body: Buffer): Promise<Answer> =>
    new Promise((resolve) => {
      client.makeUnaryRequest<Buffer, Buffer>(
        EXPORT_PATH,
        identity,
        identity,
        body,
        { deadline: Date.now() + ANSWER_MAX_MS },
        (error, reply) => resolve(grpcAnswer(error, reply)),
      );
    });
  return {
    name: "grpc",
    wire: "grpc",
    sendBytes,
    send: (spans) => sendBytes(encodeRequest(spans)),
    close: async () => client.close(),
  };
}

/** Post bytes as they are, over a connection of their own. */
export async function postBytes(
  ports: OtlpPorts,
  body: Buffer,
  wire: "http" | "grpc",
): Promise<Answer> {
  const client = wire === "http" ? httpClient(ports) : grpcClient(ports);
  try {
    return await client.sendBytes(body);
  } finally {
    await client.close();
  }
}

function grpcAnswer(error: ServiceError | null, reply: Buffer | undefined): Answer {
  if (error === null) {
    if (reply?.length === 0) return ACKNOWLEDGED;
    return { kind: "rejected", reason: "partial success" };
  }
  const reason = `gRPC ${status[error.code]}`;
  if (BROKEN_GRPC.has(error.code)) return { kind: "broken", reason };
  return { kind: RETRYABLE_GRPC.has(error.code) ? "refused" : "rejected", reason };
}

type ExporterKind = "grpc" | "http-json" | "http-proto";

/** An official exporter, with the retries that it has itself. */
function exporterClient(kind: ExporterKind, ports: OtlpPorts): OtlpClient {
  const exporter = createExporter(kind, ports);
  return {
    name: `exporter ${kind}`,
    send: (spans) =>
      new Promise((resolve) => {
        exporter.export(spans.map(readableSpan), (result) => {
          if (result.code === ExportResultCode.SUCCESS) resolve(ACKNOWLEDGED);
          else resolve({ kind: "broken", reason: result.error?.message ?? "export failed" });
        });
      }),
    close: () => exporter.shutdown(),
  };
}

function createExporter(kind: ExporterKind, ports: OtlpPorts): SpanExporter {
  const timeoutMillis = EXPORTER_TIMEOUT_MS;
  if (kind === "grpc") {
    return new GrpcExporter({ url: `http://127.0.0.1:${ports.otlpGrpc}`, timeoutMillis });
  }
  const url = `http://127.0.0.1:${ports.otlpHttp}/v1/traces`;
  if (kind === "http-json") return new JsonExporter({ url, timeoutMillis });
  return new ProtoExporter({ url, timeoutMillis });
}

/** One of each kind, the fast ones twice. */
export function allClients(ports: OtlpPorts): OtlpClient[] {
  return [
    httpClient(ports),
    httpClient(ports, { gzip: true }),
    grpcClient(ports),
    grpcClient(ports),
    exporterClient("grpc", ports),
    exporterClient("http-proto", ports),
    exporterClient("http-json", ports),
  ];
}
