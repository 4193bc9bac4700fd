/**
 * Options of both OTLP servers.
 */
import type { ByteBudget } from "./byte-budget.ts";
import type { ExportHandler, OtlpLog } from "./types.ts";

/** What `startOtlpGrpc` and `startOtlpHttp` take. */
export interface OtlpServerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly handler: ExportHandler;
  readonly log: OtlpLog;
  /** Memory for bodies; give both servers the same. @default one of IN_FLIGHT_MAX_BYTES */
  readonly budget?: ByteBudget;
  /** Largest body before and after decompression, in bytes. @default BODY_SIZE_MAX_BYTES */
  readonly bodySizeMaxBytes?: number;
  /** Longest time for a request to arrive, in milliseconds. @default RECEIVE_TIMEOUT_MS */
  readonly receiveTimeoutMs?: number;
  /** Web pages that may send from a browser (HTTP only): origins, or `*`. @default none */
  readonly corsOrigins?: readonly string[];
  /** Longest wait for the handler, in milliseconds. @default HANDLER_TIMEOUT_MS */
  readonly handlerTimeoutMs?: number;
}
