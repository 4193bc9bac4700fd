/**
 * Whether a receiver will never take a batch, however often it is sent.
 *
 * In: what an exporter failed with: a gRPC status or an HTTP status under `code`. Source: the OTLP
 * specification, "Failures"; what it calls not retryable but the operator can cure (a wrong key, a
 * wrong path) is sent again, since the record is still whole.
 */

/** gRPC: INVALID_ARGUMENT, RESOURCE_EXHAUSTED (the message is too large), OUT_OF_RANGE, INTERNAL. */
const GRPC_REFUSALS: ReadonlySet<number> = new Set([3, 8, 11, 13]);

/** HTTP: bad request, payload too large, unsupported media type, unprocessable. */
const HTTP_REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422]);

export function isRefusal(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const code: unknown = Reflect.get(error, "code");
  if (typeof code !== "number") return false;
  // A receiver that is busy says RESOURCE_EXHAUSTED as well, with the time after which to come back.
  if (code === 8) return /larger than max|too large/i.test(messageOf(error));
  return GRPC_REFUSALS.has(code) || HTTP_REFUSALS.has(code);
}

function messageOf(error: object): string {
  const message: unknown = Reflect.get(error, "message");
  return typeof message === "string" ? message : "";
}
