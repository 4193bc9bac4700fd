/**
 * OTLP/gRPC: TraceService and LogsService; metrics are refused with a word.
 *
 * In: unary calls, as raw bytes. Out: Export…ServiceResponse or a status with details.
 * Side effects: listens on a socket, calls the handler, logs refusals without content.
 */
import {
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type StatusObject,
} from "@grpc/grpc-js";
import { encodeOutcome, encodeStatus } from "./answers.ts";
import { overloaded } from "./body.ts";
import { ByteBudget } from "./byte-budget.ts";
import { METRICS_MESSAGE, OtlpError, toOtlpError } from "./errors.ts";
import { exportRequest } from "./export-request.ts";
import { arrivalGate } from "./grpc-arrival.ts";
import {
  BODY_SIZE_MAX_BYTES,
  GRPC_KEEPALIVE_MS,
  GRPC_KEEPALIVE_TIMEOUT_MS,
  GRPC_STREAMS_MAX,
  HANDLER_TIMEOUT_MS,
  IN_FLIGHT_MAX_BYTES,
} from "./limits.ts";
import { logRefusal } from "./refusal-log.ts";
import type { OtlpServerOptions } from "./server-options.ts";
import type { OtlpServer, OtlpSignal } from "./types.ts";

type Handler = handleUnaryCall<Buffer, Buffer>;

const SERVICE_PREFIX = "opentelemetry.proto.collector";

/** Start listening. */
export async function startOtlpGrpc(options: OtlpServerOptions): Promise<OtlpServer> {
  const sizeMaxBytes = options.bodySizeMaxBytes ?? BODY_SIZE_MAX_BYTES;
  const budget = options.budget ?? new ByteBudget(IN_FLIGHT_MAX_BYTES);
  const server = new Server({
    // Before decompression and after it: grpc-js stops either way.
    "grpc.max_receive_message_length": sizeMaxBytes,
    "grpc.max_concurrent_streams": GRPC_STREAMS_MAX,
    "grpc.keepalive_time_ms": GRPC_KEEPALIVE_MS,
    "grpc.keepalive_timeout_ms": GRPC_KEEPALIVE_TIMEOUT_MS,
    interceptors: [arrivalGate({ ...options, budget }, (error) => refusalOf(error, options))],
  });
  server.addService(service("trace.v1.TraceService"), {
    export: exportHandler("traces", options, budget),
  });
  server.addService(service("logs.v1.LogsService"), {
    export: exportHandler("logs", options, budget),
  });
  server.addService(service("metrics.v1.MetricsService"), { export: metricsHandler(options) });
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(
      `${host}:${options.port}`,
      ServerCredentials.createInsecure(),
      (error, bound) => (error === null ? resolve(bound) : reject(error)),
    );
  });
  return { port, stop: (graceMs) => stopServer(server, graceMs) };
}

async function stopServer(server: Server, graceMs: number): Promise<void> {
  const cut = setTimeout(() => server.forceShutdown(), graceMs);
  await new Promise<void>((resolve) => {
    server.tryShutdown(() => resolve());
  });
  clearTimeout(cut);
}

/** A service of one method, Export, that hands raw bytes over both ways. */
function service(name: string): { readonly export: MethodDefinition<Buffer, Buffer> } {
  return {
    export: {
      path: `/${SERVICE_PREFIX}.${name}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes) => bytes,
      requestDeserialize: (bytes) => bytes,
      responseSerialize: (bytes) => bytes,
      responseDeserialize: (bytes) => bytes,
    },
  };
}

function exportHandler(
  signal: OtlpSignal,
  options: OtlpServerOptions,
  budget: ByteBudget,
): Handler {
  const { handler, handlerTimeoutMs = HANDLER_TIMEOUT_MS } = options;
  return (call, callback) => {
    const body = call.request;
    // The body's memory may be handed to another thread, and then it has no length any more.
    const sizeBytes = body.length;
    const release = (): void => budget.give(sizeBytes);
    const work = budget.tryTake(sizeBytes)
      ? exportRequest(
          { body, signal, transport: "grpc", format: "protobuf" },
          { handler, handlerTimeoutMs, release },
        )
      : Promise.reject(overloaded());
    work.then(
      (outcome) => callback(null, encodeOutcome(outcome, signal, "protobuf")),
      (error: unknown) => callback(refusalOf(toOtlpError(error), options)),
    );
  };
}

function metricsHandler(options: OtlpServerOptions): Handler {
  return (_call, callback) => {
    callback(refusalOf(new OtlpError("OTLP_NOT_FOUND", METRICS_MESSAGE), options));
  };
}

/** The status of a refusal, which is logged. */
function refusalOf(error: OtlpError, options: OtlpServerOptions): StatusObject {
  logRefusal(options.log, error);
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", encodeStatus(error, "protobuf"));
  return { code: error.grpcStatus, details: error.message, metadata };
}
