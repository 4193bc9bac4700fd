/**
 * Watch a stream while the application reads it.
 *
 * In: the SDK's stream. Side effects: its iterator is wrapped in place, so that the stream keeps
 * its class and `tee()`, `toReadableStream()` and `controller` work as before; the observer is told
 * once: read to the end, left early, broken, or aborted unread.
 */
import { safely } from "@spanledger/api/internal";
import type { Json, ResponseStream } from "./internal-types.ts";
import type { Collector } from "./operation.ts";

/** Told once. */
export interface StreamObserver {
  ended(collected: Json | undefined, failure: Json | undefined): void;
  failed(error: unknown, collected: Json | undefined): void;
}

export function observeStream(
  stream: ResponseStream,
  collector: Collector,
  observer: StreamObserver,
): void {
  const { iterator } = stream;
  if (typeof iterator !== "function") {
    observer.ended(undefined, undefined);
    return;
  }
  const watch = new Watch(collector, observer);
  stream.iterator = () => watch.wrap(Reflect.apply(iterator, stream, []));
  stream.controller?.signal.addEventListener("abort", () => watch.aborted(), { once: true });
}

class Watch {
  readonly #collector: Collector;
  readonly #observer: StreamObserver;
  #told = false;
  #reading = false;

  constructor(collector: Collector, observer: StreamObserver) {
    this.#collector = collector;
    this.#observer = observer;
  }

  wrap(source: AsyncIterator<unknown>): AsyncIterableIterator<unknown> {
    const watch = this;
    watch.#reading = true;
    const wrapped: AsyncIterableIterator<unknown> = {
      async next(...args) {
        try {
          const step = await source.next(...(args as []));
          if (step.done === true) watch.#ended();
          else safely(() => watch.#collector.add(step.value));
          return step;
        } catch (error) {
          watch.#failed(error);
          throw error;
        }
      },
      [Symbol.asyncIterator]: () => wrapped,
    };
    if (source.return !== undefined) {
      wrapped.return = async (value?: unknown) => {
        try {
          return (await source.return?.(value)) ?? { done: true, value };
        } finally {
          watch.#ended();
        }
      };
    }
    if (source.throw !== undefined) {
      wrapped.throw = async (error?: unknown) => {
        watch.#failed(error);
        return (await source.throw?.(error)) ?? { done: true, value: undefined };
      };
    }
    return wrapped;
  }

  /** An abort ends the reading by itself; it matters where nobody began to read. */
  aborted(): void {
    if (!this.#reading) this.#ended();
  }

  #ended(): void {
    if (this.#told) return;
    this.#told = true;
    safely(() => this.#observer.ended(this.#collector.result(), this.#collector.failure()));
  }

  #failed(error: unknown): void {
    if (this.#told) return;
    this.#told = true;
    safely(() => this.#observer.failed(error, this.#collector.result()));
  }
}
