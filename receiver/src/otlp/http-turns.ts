/**
 * The turns of HTTP requests: how long one waits, and what is expected of its body.
 *
 * In: requests. Out: their turn, one after another, or a refusal. Side effects: timers.
 */
import type { IncomingMessage } from "node:http";
import { overloaded } from "./body.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { OtlpError } from "./errors.ts";
import {
  BODY_SIZE_GUESS_BYTES,
  COMPRESSION_GUESS,
  HTTP_RECEIVING_MAX,
  WAIT_TIMEOUT_MS,
  WAITING_MAX,
} from "./limits.ts";
import { Turns } from "./turns.ts";

export class HttpTurns {
  readonly #turns: Turns;
  readonly #waitMs: number;

  constructor(
    budget: ByteBudget,
    waitMs: number = WAIT_TIMEOUT_MS,
    count: number = HTTP_RECEIVING_MAX,
  ) {
    this.#turns = new Turns(count, budget);
    this.#waitMs = waitMs;
  }

  /** Whether a body that does not arrive holds up others. */
  get isAwaited(): boolean {
    return this.#turns.waiting > 0;
  }

  /**
   * Wait for a request's turn.
   *
   * @returns ends the turn, once the body has come
   * @throws {OtlpError} `OTLP_OVERLOADED`, `OTLP_ABORTED`
   */
  async take(request: IncomingMessage): Promise<() => void> {
    if (this.#turns.waiting >= WAITING_MAX) throw overloaded();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const release = this.#turns.acquire(() => expectedBytesOf(request), resolve);
    const onClose = (): void => reject(new OtlpError("OTLP_ABORTED", "the request was cut off"));
    const timer = setTimeout(() => reject(overloaded()), this.#waitMs);
    request.once("close", onClose);
    try {
      await promise;
      return release;
    } catch (error) {
      release();
      throw error;
    } finally {
      clearTimeout(timer);
      request.off("close", onClose);
    }
  }
}

/** A guess, for pacing alone: what has come is counted exactly. */
function expectedBytesOf({ headers }: IncomingMessage): number {
  const length = headers["content-length"];
  if (length === undefined) return BODY_SIZE_GUESS_BYTES;
  const encoding = headers["content-encoding"] ?? "identity";
  return Number(length) * (encoding === "identity" ? 1 : COMPRESSION_GUESS);
}
