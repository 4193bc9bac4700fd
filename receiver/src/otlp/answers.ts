/**
 * The bytes of OTLP's answers.
 *
 * In: an outcome or an error. Out: Export…ServiceResponse and google.rpc.Status, as protobuf or
 * JSON. Pure. Sources: opentelemetry-proto 1.11 (`collector/…/v1`), googleapis `google/rpc`.
 */

import type { OtlpError } from "./errors.ts";
import type { ExportOutcome, OtlpFormat, OtlpSignal } from "./types.ts";
import { writeInteger, writeMessage, writeText } from "./wire-writer.ts";

const RETRY_INFO_URL = "type.googleapis.com/google.rpc.RetryInfo";

/** The count of a partial success; the number of its field is 1 for every signal. */
const REJECTED_NAMES: Readonly<Record<OtlpSignal, string>> = {
  traces: "rejectedSpans",
  logs: "rejectedLogRecords",
};

/** `partial_success` stays unset on full success, as OTLP prescribes. */
export function encodeOutcome(
  outcome: ExportOutcome,
  signal: OtlpSignal,
  format: OtlpFormat,
): Buffer {
  const { rejected, message } = outcome;
  const isFull = rejected === 0 && message === "";
  if (format === "json") {
    // proto3's JSON mapping writes int64 as text.
    const partialSuccess = { [REJECTED_NAMES[signal]]: `${rejected}`, errorMessage: message };
    return Buffer.from(JSON.stringify(isFull ? {} : { partialSuccess }));
  }
  if (isFull) return Buffer.alloc(0);
  return writeMessage(1, writeInteger(1, rejected), writeText(2, message));
}

/** google.rpc.Status; a retryable one carries RetryInfo. */
export function encodeStatus(error: OtlpError, format: OtlpFormat): Buffer {
  const { grpcStatus: code, message, retryAfterMs } = error;
  if (format === "json") {
    const delay = retryAfterMs === undefined ? undefined : `${retryAfterMs / 1_000}s`;
    const details = delay && [{ "@type": RETRY_INFO_URL, retryDelay: delay }];
    return Buffer.from(JSON.stringify({ code, message, details }));
  }
  const status = Buffer.concat([writeInteger(1, code), writeText(2, message)]);
  if (retryAfterMs === undefined) return status;
  const seconds = writeInteger(1, Math.floor(retryAfterMs / 1_000));
  const nanos = writeInteger(2, Math.round((retryAfterMs % 1_000) * 1_000_000));
  const retryInfo = writeMessage(1, seconds, nanos);
  const detail = writeMessage(3, writeText(1, RETRY_INFO_URL), writeMessage(2, retryInfo));
  return Buffer.concat([status, detail]);
}
