/**
 * One export request, from its bytes to its answer, without a socket.
 *
 * In: the decompressed body and a handler. Out: what to tell the client, or an `OtlpError`.
 * Side effect: calls the handler, which makes the records durable, before it resolves.
 */
import { hash } from "node:crypto";
import { OtlpError, toOtlpError } from "./errors.ts";
import { decodeTraceJson } from "./json.ts";
import { decodeTraceProtobuf } from "./protobuf.ts";
import { explainRejections } from "./rejections.ts";
import { ORIGINAL_END_ATTRIBUTE } from "./span.ts";
import type { DecodedRequest, ExportOutcome, OtlpFormat, TraceHandler } from "./types.ts";

/** What {@link exportTraces} needs besides the body. */
export interface ExportContext {
  readonly handler: TraceHandler;
  readonly transport: "grpc" | "http";
  readonly format: OtlpFormat;
  /** Longest wait for the handler, in milliseconds. */
  readonly handlerTimeoutMs: number;
  /** Called once the handler let go of the request, which may be after a time-out. */
  readonly release: () => void;
}

/**
 * Decode a body and make it durable.
 *
 * @returns refused spans of decoder and handler together; an empty message means full success
 * @throws {OtlpError} when nothing is acknowledged
 */
export async function exportTraces(
  body: Uint8Array,
  context: ExportContext,
): Promise<ExportOutcome> {
  let decoded: DecodedRequest;
  try {
    decoded = context.format === "json" ? decodeTraceJson(body) : decodeTraceProtobuf(body);
  } catch (error) {
    context.release();
    throw toDecodeError(error, context.format);
  }
  if (decoded.spans.length === 0 && decoded.rejected.count === 0) {
    context.release();
    return { rejectedSpans: 0, message: "" };
  }
  const own = await callHandler(body, decoded, context);
  const clamped =
    decoded.clampedSpans === 0
      ? ""
      : `${decoded.clampedSpans} kept with end = start, they ended before they began ` +
        `(sent end in ${ORIGINAL_END_ATTRIBUTE})`;
  return {
    rejectedSpans: decoded.rejected.count + own.rejectedSpans,
    message: [explainRejections(decoded.rejected), own.message, clamped]
      .filter((part) => part !== "")
      .join("; "),
  };
}

/** A decoder throws `OtlpError`; anything else is a defect that one client's bytes bring about. */
function toDecodeError(error: unknown, format: OtlpFormat): OtlpError {
  if (error instanceof OtlpError) return error;
  const code = format === "json" ? "OTLP_MALFORMED_JSON" : "OTLP_MALFORMED_PROTOBUF";
  return new OtlpError(code, `the body could not be read as ${format}`, { cause: error });
}

async function callHandler(
  body: Uint8Array,
  decoded: DecodedRequest,
  context: ExportContext,
): Promise<ExportOutcome> {
  const { handler, transport, format, handlerTimeoutMs, release } = context;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new OtlpError("OTLP_UNAVAILABLE", "storing the records takes too long; try again"));
    }, handlerTimeoutMs);
  });
  // An async function, so that a handler that throws at once is treated like one that rejects.
  const work = (async () => {
    const digest = hash("sha256", body, "hex");
    return handler({ ...decoded, digest, transport, format, sizeBytes: body.byteLength });
  })();
  // The memory is free when the handler is done, whether or not the client still waits.
  work.then(release, release);
  try {
    return await Promise.race([work, timeout]);
  } catch (error) {
    throw toOtlpError(error);
  } finally {
    clearTimeout(timer);
  }
}
