/**
 * One export request, from its bytes to its outcome, without a socket.
 *
 * In: the decompressed body and a handler. Out: what to tell the client, or an `OtlpError`.
 * Side effect: calls the handler, which makes the records durable, before it resolves.
 */
import { freeMemory } from "../base/free-memory.ts";
import { OtlpError, toOtlpError } from "./errors.ts";
import type { ExportHandler, ExportOutcome, ExportRequest } from "./types.ts";

/** What {@link exportRequest} needs besides the request. */
export interface ExportContext {
  readonly handler: ExportHandler;
  /** Longest wait for the handler, in milliseconds. */
  readonly handlerTimeoutMs: number;
  /** Called once the handler let go of the body, which may be after a time-out. */
  readonly release: () => void;
}

/**
 * Make a body durable.
 *
 * @returns what was refused; an empty message means full success
 * @throws {OtlpError} when nothing is acknowledged
 */
export async function exportRequest(
  request: Omit<ExportRequest, "sizeBytes" | "freeBody">,
  context: ExportContext,
): Promise<ExportOutcome> {
  const { handler, handlerTimeoutMs, release } = context;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new OtlpError("OTLP_UNAVAILABLE", "storing the records takes too long; try again"));
    }, handlerTimeoutMs);
  });
  let isReleased = false;
  const releaseOnce = (): void => {
    if (!isReleased) release();
    isReleased = true;
  };
  const freeBody = (): void => {
    freeMemory(request.body);
    releaseOnce();
  };
  // An async function, so that a handler that throws at once is treated like one that rejects.
  const work = (async () => handler({ ...request, sizeBytes: request.body.length, freeBody }))();
  // The memory is free when the handler is done, whether or not the client still waits.
  work.then(freeBody, freeBody);
  try {
    return await Promise.race([work, timeout]);
  } catch (error) {
    throw toOtlpError(error);
  } finally {
    clearTimeout(timer);
  }
}
