/**
 * Bounds the HTTP requests whose body arrives or is handled.
 *
 * In: requests. Out: their turn, one after another, or a refusal. Side effects: timers.
 *
 * A request that waits is not read, and TCP stops its client: so memory for bodies does not grow with
 * the number of connections.
 */
import type { IncomingMessage } from "node:http";
import { Slots } from "../base/slots.ts";
import { overloaded } from "./body.ts";
import { OtlpError } from "./errors.ts";
import { HTTP_TURNS_MAX, WAIT_TIMEOUT_MS, WAITING_MAX } from "./limits.ts";

export class HttpTurns {
  readonly #slots: Slots;
  readonly #waitMs: number;

  constructor(waitMs: number = WAIT_TIMEOUT_MS, count: number = HTTP_TURNS_MAX) {
    this.#slots = new Slots(count);
    this.#waitMs = waitMs;
  }

  /** Whether a body that does not arrive holds up others. */
  get isAwaited(): boolean {
    return this.#slots.waiting > 0;
  }

  /**
   * Wait for a request's turn.
   *
   * @returns ends the turn
   * @throws {OtlpError} `OTLP_OVERLOADED`, `OTLP_ABORTED`
   */
  async take(request: IncomingMessage): Promise<() => void> {
    if (this.#slots.waiting >= WAITING_MAX) throw overloaded();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const release = this.#slots.acquire(resolve);
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
