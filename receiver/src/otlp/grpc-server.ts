/**
 * OTLP/gRPC: the TraceService; the other signals are refused with a word.
 *
 * In: unary calls, as raw bytes. Out: ExportTraceServiceResponse or a status with details.
 * Side effects: listens on a socket, calls the handler, logs refusals without content.
 */
import {
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type StatusObject,
} from "@grpc/grpc-js";
import { encodeOutcome, encodeStatus } from "./answers.ts";
import { overloaded, receiveTimeout } from "./body.ts";
import { ByteBudget } from "./byte-budget.ts";
import { OtlpError, toOtlpError } from "./errors.ts";
import { exportTraces } from "./export-traces.ts";
import {
  BODY_SIZE_MAX_BYTES,
  GRPC_RECEIVING_MAX,
  GRPC_STREAMS_MAX,
  HANDLER_TIMEOUT_MS,
  IN_FLIGHT_MAX_BYTES,
  RECEIVE_TIMEOUT_MS,
} from "./limits.ts";
import { logRefusal } from "./refusal-log.ts";
import type { OtlpServerOptions } from "./server-options.ts";
import type { OtlpLog, OtlpServer } from "./types.ts";

type Handler = handleUnaryCall<Buffer, Buffer>;

const SERVICE_PREFIX = "opentelemetry.proto.collector";

/** Start listening. */
export async function startOtlpGrpc(options: OtlpServerOptions): Promise<OtlpServer> {
  const sizeMaxBytes = options.bodySizeMaxBytes ?? BODY_SIZE_MAX_BYTES;
  const server = new Server({
    // Before decompression and after it: grpc-js stops either way.
    "grpc.max_receive_message_length": sizeMaxBytes,
    "grpc.max_concurrent_streams": GRPC_STREAMS_MAX,
    interceptors: [receivingLimit(options)],
  });
  server.addService(service("trace.v1.TraceService"), { export: traceHandler(options) });
  for (const [name, signal] of [
    ["logs.v1.LogsService", "logs"],
    ["metrics.v1.MetricsService", "metrics"],
  ] as const) {
    server.addService(service(name), { export: refusingHandler(signal, options.log) });
  }
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

function traceHandler(options: OtlpServerOptions): Handler {
  const budget = options.budget ?? new ByteBudget(IN_FLIGHT_MAX_BYTES);
  return (call, callback) => {
    const body = call.request;
    const work = budget.tryTake(body.length)
      ? exportTraces(body, {
          handler: options.handler,
          transport: "grpc",
          format: "protobuf",
          handlerTimeoutMs: options.handlerTimeoutMs ?? HANDLER_TIMEOUT_MS,
          release: () => budget.give(body.length),
        })
      : Promise.reject(overloaded());
    work.then(
      (outcome) => callback(null, encodeOutcome(outcome, "protobuf")),
      (error: unknown) => {
        const refusal = toOtlpError(error);
        logRefusal(options.log, refusal);
        callback(statusOf(refusal));
      },
    );
  };
}

function refusingHandler(signal: string, log: OtlpLog): Handler {
  return (_call, callback) => {
    const refusal = new OtlpError(
      "OTLP_NOT_FOUND",
      `this receiver takes traces only, not ${signal}; turn the ${signal} exporter off`,
    );
    logRefusal(log, refusal);
    callback(statusOf(refusal));
  };
}

function statusOf(error: OtlpError): StatusObject {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", encodeStatus(error, "protobuf"));
  return { code: error.grpcStatus, details: error.message, metadata };
}

/**
 * Bounds the calls whose message is still arriving, in number and time.
 *
 * grpc-js buffers and decompresses a message before a handler sees it, so the budget of bytes
 * cannot be asked first.
 */
function receivingLimit(options: OtlpServerOptions): ServerInterceptor {
  let receiving = 0;
  return (_method, call) => {
    let timer: NodeJS.Timeout | undefined;
    const done = (): void => {
      if (timer === undefined) return;
      clearTimeout(timer);
      timer = undefined;
      receiving -= 1;
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, forward) => {
            if (receiving >= GRPC_RECEIVING_MAX) {
              refuseCall(call, overloaded(), options.log);
              return;
            }
            receiving += 1;
            timer = setTimeout(() => {
              refuseCall(call, receiveTimeout(), options.log);
            }, options.receiveTimeoutMs ?? RECEIVE_TIMEOUT_MS);
            forward(metadata);
          },
          onReceiveMessage: (message, forward) => {
            done();
            forward(message);
          },
          onCancel: done,
        }),
    });
  };
}

function refuseCall(call: ServerInterceptingCallInterface, error: OtlpError, log: OtlpLog): void {
  logRefusal(log, error);
  call.sendStatus(statusOf(error));
}
