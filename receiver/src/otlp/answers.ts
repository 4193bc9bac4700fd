/**
 * The bytes of OTLP's answers.
 *
 * In: an outcome or an error. Out: ExportTraceServiceResponse and google.rpc.Status, as protobuf
 * or JSON. Pure.
 */

import type { OtlpError } from "./errors.ts";
import { messageType } from "./messages.ts";
import type { ExportOutcome, OtlpFormat } from "./types.ts";

const RETRY_INFO_URL = "type.googleapis.com/google.rpc.RetryInfo";

/** `partial_success` stays unset on full success, as OTLP prescribes. */
export function encodeOutcome(outcome: ExportOutcome, format: OtlpFormat): Buffer {
  const { rejectedSpans, message } = outcome;
  const full = rejectedSpans === 0 && message === "";
  if (format === "json") {
    // proto3's JSON mapping writes int64 as text.
    const partial = { rejectedSpans: `${rejectedSpans}`, errorMessage: message };
    return Buffer.from(JSON.stringify(full ? {} : { partialSuccess: partial }));
  }
  const partialSuccess = { rejectedSpans, errorMessage: message };
  return encode("TraceResponse", full ? {} : { partialSuccess });
}

/** google.rpc.Status; a retryable one carries RetryInfo. */
export function encodeStatus(error: OtlpError, format: OtlpFormat): Buffer {
  const { grpcStatus: code, message, retryAfterMs } = error;
  if (format === "json") {
    const delay = retryAfterMs === undefined ? undefined : `${retryAfterMs / 1_000}s`;
    const details = delay && [{ "@type": RETRY_INFO_URL, retryDelay: delay }];
    return Buffer.from(JSON.stringify({ code, message, details }));
  }
  if (retryAfterMs === undefined) return encode("RpcStatus", { code, message });
  const seconds = Math.floor(retryAfterMs / 1_000);
  const nanos = Math.round((retryAfterMs % 1_000) * 1_000_000);
  const value = encode("RetryInfo", { retryDelay: { seconds, nanos } });
  return encode("RpcStatus", { code, message, details: [{ typeUrl: RETRY_INFO_URL, value }] });
}

function encode(name: "TraceResponse" | "RpcStatus" | "RetryInfo", fields: object): Buffer {
  return Buffer.from(messageType(name).encode(fields).finish());
}
