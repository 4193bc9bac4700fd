/**
 * Whether a receiver will never take a batch, however often it is sent.
 *
 * In: what an exporter failed with: a gRPC status or an HTTP status under `code`. Source: the OTLP
 * specification, "Failures"; what it calls not retryable but the operator can cure (a wrong key, a
 * wrong path) is sent again, since the record is still whole.
 */

/** gRPC: INVALID_ARGUMENT, INTERNAL. */
const GRPC_REFUSALS: ReadonlySet<number> = new Set([3, 13]);

/** gRPC: RESOURCE_EXHAUSTED. */
const GRPC_EXHAUSTED = 8;

/** HTTP: bad request, payload too large, unsupported media type, unprocessable. */
const HTTP_REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422]);

export function isRefusal(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const code: unknown = Reflect.get(error, "code");
  if (typeof code !== "number") return false;
  // Said of a message that is too large, and by a receiver that is busy and wants it later.
  if (code === GRPC_EXHAUSTED) return /larger than max|too large/i.test(messageOf(error));
  return GRPC_REFUSALS.has(code) || HTTP_REFUSALS.has(code);
}

function messageOf(error: object): string {
  const message: unknown = Reflect.get(error, "message");
  return typeof message === "string" ? message : "";
}
