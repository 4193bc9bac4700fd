/**
 * Watch a stream while the application reads it.
 *
 * In: the SDK's stream. Side effects: its iterator is wrapped in place, so that the stream keeps
 * its class and `tee()`, `toReadableStream()` and `controller` work as before; the observer is told
 * once: read to the end, left early, broken, aborted unread, or dropped and collected as garbage.
 */
import { safely } from "../safely.ts";
import type { StreamCollector } from "./operation.ts";
import type { Json, ResponseStream } from "./wire.ts";

/** Told once; but for the first event, which is told before. */
export interface StreamObserver {
  began(): void;
  ended(collected: Json | undefined, failure: Json | undefined): void;
  failed(error: unknown, collected: Json | undefined): void;
}

/** Streams and iterators that the application may drop before their end. */
const dropped = new FinalizationRegistry<Watch>((watch) => watch.ended());

export function observeStream(
  stream: ResponseStream,
  collector: StreamCollector,
  observer: StreamObserver,
): void {
  const { iterator } = stream;
  if (typeof iterator !== "function") {
    observer.ended(undefined, undefined);
    return;
  }
  const watch = new Watch(collector, observer);
  stream.iterator = () => watch.wrap(Reflect.apply(iterator, stream, []));
  // Bound, not an arrow: a closure made here would keep the stream for as long as the signal lives.
  const aborted = watch.aborted.bind(watch);
  stream.controller?.signal.addEventListener("abort", aborted, { once: true });
  dropped.register(stream, watch, watch);
}

class Watch {
  readonly #collector: StreamCollector;
  readonly #observer: StreamObserver;
  #told = false;
  #reading = false;

  constructor(collector: StreamCollector, observer: StreamObserver) {
    this.#collector = collector;
    this.#observer = observer;
  }

  /** The same iterator, watched; what it inherits (`Symbol.asyncDispose`) stays. */
  wrap(source: AsyncIterator<unknown>): AsyncIterator<unknown> {
    const watch = this;
    const methods: AsyncIterator<unknown> = {
      async next(...args) {
        try {
          const step = await source.next(...(args as []));
          if (step.done === true) watch.ended();
          else watch.#add(step.value);
          return step;
        } catch (error) {
          watch.#failed(error);
          throw error;
        }
      },
    };
    if (source.return !== undefined) {
      methods.return = async (value?: unknown) => {
        try {
          return (await source.return?.(value)) ?? { done: true, value };
        } finally {
          watch.ended();
        }
      };
    }
    if (source.throw !== undefined) {
      methods.throw = async (error?: unknown) => {
        watch.#failed(error);
        return (await source.throw?.(error)) ?? { done: true, value: undefined };
      };
    }
    const prototype: unknown = Object.getPrototypeOf(source);
    const wrapped = Object.assign(Object.create(prototype as object), methods);
    // The stream itself may go now; who reads holds the iterator.
    if (!watch.#reading) dropped.unregister(watch);
    watch.#reading = true;
    dropped.register(wrapped, watch, watch);
    return wrapped;
  }

  /** An abort ends the reading by itself; it matters where nobody began to read. */
  aborted(): void {
    if (!this.#reading) this.ended();
  }

  ended(): void {
    if (this.#tell()) {
      safely(() => this.#observer.ended(this.#collector.result(), this.#collector.failure()));
    }
  }

  #add(event: unknown): void {
    if (this.#told) return;
    safely(() => this.#observer.began());
    safely(() => this.#collector.add(event));
  }

  #failed(error: unknown): void {
    if (this.#tell()) safely(() => this.#observer.failed(error, this.#collector.result()));
  }

  /** @returns whether it is still to be told */
  #tell(): boolean {
    if (this.#told) return false;
    this.#told = true;
    dropped.unregister(this);
    return true;
  }
}
