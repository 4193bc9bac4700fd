/**
 * Bounds the gRPC calls whose message is arriving, in number and time.
 *
 * In: calls. Out: the same calls, one after another, or a refusal. Side effects: timers, collections
 * of V8's young generation.
 *
 * A handler sees a message when all of it has come, so the budget of bytes cannot be asked first. grpc-js
 * reads nothing of a call whose metadata has not been passed on, and HTTP/2's flow control then stops
 * the client: so calls wait here, and few messages are in memory.
 */
import { ServerInterceptingCall, type ServerInterceptor, type StatusObject } from "@grpc/grpc-js";
import { YoungGarbage } from "../base/young-garbage.ts";
import { overloaded, receiveTimeout } from "./body.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { OtlpError } from "./errors.ts";
import { decompressHere, GRPC_ACCEPT_ENCODING } from "./grpc-compression.ts";
import { joinPieces } from "./grpc-message.ts";
import {
  BODY_SIZE_GUESS_BYTES,
  BODY_SIZE_MAX_BYTES,
  GRPC_GARBAGE_MAX_BYTES,
  GRPC_RECEIVING_MAX,
  RECEIVE_TIMEOUT_MS,
  TURN_MS,
  WAIT_TIMEOUT_MS,
  WAITING_MAX,
} from "./limits.ts";
import type { OtlpServerOptions } from "./server-options.ts";
import { Turns } from "./turns.ts";

/**
 * An interceptor that is to come first.
 *
 * @param statusOf what a call that is not taken is answered
 */
export function arrivalGate(
  options: OtlpServerOptions & { readonly budget: ByteBudget },
  statusOf: (error: OtlpError) => StatusObject,
): ServerInterceptor {
  const { budget, bodySizeMaxBytes: sizeMaxBytes = BODY_SIZE_MAX_BYTES } = options;
  const receiveTimeoutMs = options.receiveTimeoutMs ?? RECEIVE_TIMEOUT_MS;
  const turnMs = Math.min(TURN_MS, receiveTimeoutMs / 4);
  const waitMs = Math.min(WAIT_TIMEOUT_MS, receiveTimeoutMs);
  const turns = new Turns(GRPC_RECEIVING_MAX, budget);
  const pieces = new YoungGarbage(GRPC_GARBAGE_MAX_BYTES);
  // A call does not say how large its message is: it is taken to be as the last one, and the first
  // to be as large as it may. So large ones come alone.
  let lastBytes = sizeMaxBytes;
  const expectBytes = (): number => Math.max(BODY_SIZE_GUESS_BYTES, lastBytes);
  return (_method, call) => {
    decompressHere(call, { sizeMaxBytes, timeoutMs: receiveTimeoutMs, budget }, statusOf);
    const discard = joinPieces(call, sizeMaxBytes, pieces);
    let timer: NodeJS.Timeout | undefined;
    let release: (() => void) | undefined;
    const done = (): void => {
      clearTimeout(timer);
      release?.();
      release = undefined;
    };
    const give = (error: OtlpError): void => {
      done();
      call.sendStatus(statusOf(error));
    };
    /** Looks again after every turn, because others may have come to wait. */
    const awaitMessage = (leftMs: number): void => {
      timer = setTimeout(
        () => {
          if (leftMs <= turnMs || turns.waiting > 0) give(receiveTimeout());
          else awaitMessage(leftMs - turnMs);
        },
        Math.min(turnMs, leftMs),
      );
    };
    return new ServerInterceptingCall(call, {
      sendMetadata: (metadata, next) => {
        metadata.set("grpc-accept-encoding", GRPC_ACCEPT_ENCODING);
        next(metadata);
      },
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, forward) => {
            if (turns.waiting >= WAITING_MAX) {
              call.sendStatus(statusOf(overloaded()));
              return;
            }
            timer = setTimeout(() => give(overloaded()), waitMs);
            release = turns.acquire(expectBytes, () => {
              clearTimeout(timer);
              awaitMessage(receiveTimeoutMs);
              forward(metadata);
            });
          },
          onReceiveMessage: (message: Buffer, forward) => {
            lastBytes = message.length;
            forward(message);
          },
          // Only now the handler is called, which counts the message in the budget: a call that is
          // not ended by its client keeps its turn, and loses it in time.
          onReceiveHalfClose: (forward) => {
            forward();
            done();
          },
          onCancel: () => {
            discard();
            done();
          },
        }),
    });
  };
}
