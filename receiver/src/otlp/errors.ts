/**
 * The one error class of this stage, and what each code becomes on the wire.
 *
 * In: a code and a message without content. Out: HTTP and gRPC status (OTLP specification 1.11,
 * "Failures"). Pure.
 */
import { StageError } from "../base/errors.ts";
import { MESSAGE_MAX_CHARS, RETRY_AFTER_MS } from "./limits.ts";

/** gRPC status codes that this receiver answers with. */
const GRPC_STATUS = {
  invalidArgument: 3,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

interface Answer {
  readonly http: number;
  readonly grpc: number;
}

/** Stable codes; users branch on these. */
export type OtlpErrorCode =
  | "OTLP_MALFORMED_PROTOBUF"
  | "OTLP_MALFORMED_JSON"
  | "OTLP_BAD_COMPRESSION"
  | "OTLP_TOO_MANY_VALUES"
  | "OTLP_BODY_TOO_LARGE"
  | "OTLP_REQUEST_TOO_LARGE"
  | "OTLP_UNSUPPORTED_CONTENT_TYPE"
  | "OTLP_UNSUPPORTED_ENCODING"
  | "OTLP_NOT_FOUND"
  | "OTLP_METHOD_NOT_ALLOWED"
  | "OTLP_FAILED"
  | "OTLP_OVERLOADED"
  | "OTLP_UNAVAILABLE"
  | "OTLP_RECEIVE_TIMEOUT"
  | "OTLP_ABORTED";

/** What each code becomes. Retryable are exactly those with 503 and UNAVAILABLE. */
const ANSWERS: Readonly<Record<OtlpErrorCode, Answer>> = {
  OTLP_MALFORMED_PROTOBUF: { http: 400, grpc: GRPC_STATUS.invalidArgument },
  OTLP_MALFORMED_JSON: { http: 400, grpc: GRPC_STATUS.invalidArgument },
  OTLP_BAD_COMPRESSION: { http: 400, grpc: GRPC_STATUS.invalidArgument },
  OTLP_TOO_MANY_VALUES: { http: 400, grpc: GRPC_STATUS.invalidArgument },
  OTLP_BODY_TOO_LARGE: { http: 413, grpc: GRPC_STATUS.resourceExhausted },
  OTLP_REQUEST_TOO_LARGE: { http: 413, grpc: GRPC_STATUS.resourceExhausted },
  OTLP_UNSUPPORTED_CONTENT_TYPE: { http: 415, grpc: GRPC_STATUS.invalidArgument },
  OTLP_UNSUPPORTED_ENCODING: { http: 415, grpc: GRPC_STATUS.unimplemented },
  OTLP_NOT_FOUND: { http: 404, grpc: GRPC_STATUS.unimplemented },
  OTLP_METHOD_NOT_ALLOWED: { http: 405, grpc: GRPC_STATUS.unimplemented },
  OTLP_FAILED: { http: 500, grpc: GRPC_STATUS.internal },
  OTLP_OVERLOADED: { http: 503, grpc: GRPC_STATUS.unavailable },
  OTLP_UNAVAILABLE: { http: 503, grpc: GRPC_STATUS.unavailable },
  OTLP_RECEIVE_TIMEOUT: { http: 503, grpc: GRPC_STATUS.unavailable },
  OTLP_ABORTED: { http: 503, grpc: GRPC_STATUS.unavailable },
};

/** What a sender of metrics is told, with `OTLP_NOT_FOUND`. */
export const METRICS_MESSAGE =
  "this receiver takes traces and logs, not metrics; turn the metrics exporter off";

/** A request that was not taken. The message names what is wrong and never holds content. */
export class OtlpError extends StageError<OtlpErrorCode> {
  readonly httpStatus: number;
  readonly grpcStatus: number;
  /** How long the client should wait, in milliseconds; undefined when retrying does not help. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: OtlpErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly retryAfterMs?: number } = {},
  ) {
    const answer = ANSWERS[code];
    const retryable = answer.grpc === GRPC_STATUS.unavailable;
    super(code, message.slice(0, MESSAGE_MAX_CHARS), { retryable, cause: options.cause });
    this.httpStatus = answer.http;
    this.grpcStatus = answer.grpc;
    this.retryAfterMs = retryable ? (options.retryAfterMs ?? RETRY_AFTER_MS) : undefined;
  }
}

/**
 * Turn whatever a handler threw into an answer.
 *
 * A later stage's error keeps its message, which is free of content by contract. Its code may be one
 * of ours (a body that cannot be read), or it may carry `retryAfterMs`. Anything else is a defect of
 * ours: the client keeps the data and tries again.
 */
export function toOtlpError(error: unknown): OtlpError {
  if (error instanceof OtlpError) return error;
  if (error instanceof StageError) {
    if (isOtlpCode(error.code)) return new OtlpError(error.code, error.message, { cause: error });
    const message = `${error.message} (${error.code})`;
    if (!error.retryable) return new OtlpError("OTLP_FAILED", message, { cause: error });
    const wait: unknown = Reflect.get(error, "retryAfterMs");
    const retryAfterMs = typeof wait === "number" && wait >= 0 ? wait : RETRY_AFTER_MS;
    return new OtlpError("OTLP_UNAVAILABLE", message, { cause: error, retryAfterMs });
  }
  return new OtlpError("OTLP_UNAVAILABLE", "the records could not be kept; send them again", {
    cause: error,
  });
}

function isOtlpCode(code: string): code is OtlpErrorCode {
  return Object.hasOwn(ANSWERS, code);
}
