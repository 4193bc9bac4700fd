/**
 * Watch an asynchronous generator while the application reads it.
 *
 * In: the generator, a context. Out: a generator of the same kind whose code runs in that context.
 * Side effect: the observer is told of each value, and once of the end: read to the end, left early,
 * broken, or dropped and collected as garbage.
 */
import { type Context, context } from "@opentelemetry/api";
import { safely } from "@spanledger/api/internal";

export interface GeneratorObserver {
  /** The reader asks for the first value. @returns the context that the generator's code runs in */
  began(): Context | undefined;
  yielded(value: unknown): void;
  ended(): void;
  failed(error: unknown): void;
}

/** Generators that the application may drop before their end. */
const dropped = new FinalizationRegistry<Watch>((watch) => watch.ended());

export function observeGenerator(
  source: AsyncGenerator,
  observer: GeneratorObserver,
): AsyncGenerator {
  const watch = new Watch(observer);
  const methods = {
    next: (...args: [] | [unknown]) => watch.step(() => source.next(...args)),
    return: (value: unknown) => watch.leave(() => source.return(value)),
    throw: (error: unknown) => watch.step(() => source.throw(error)),
    [Symbol.asyncIterator]: () => observed,
  };
  const prototype: unknown = Object.getPrototypeOf(source);
  const observed = Object.assign(Object.create(prototype as object), methods) as AsyncGenerator;
  dropped.register(observed, watch, watch);
  return observed;
}

class Watch {
  readonly #observer: GeneratorObserver;
  #active: Context | undefined;
  #began = false;
  #told = false;

  constructor(observer: GeneratorObserver) {
    this.#observer = observer;
  }

  async step(ask: () => Promise<IteratorResult<unknown>>): Promise<IteratorResult<unknown>> {
    if (!this.#began) {
      this.#began = true;
      this.#active = safely(() => this.#observer.began());
    }
    try {
      const step = await (this.#active === undefined ? ask() : context.with(this.#active, ask));
      if (step.done === true) this.ended();
      else if (!this.#told) safely(() => this.#observer.yielded(step.value));
      return step;
    } catch (error) {
      if (this.#tell()) safely(() => this.#observer.failed(error));
      throw error;
    }
  }

  /** The reader leaves; what the generator does last still belongs to it. */
  async leave(ask: () => Promise<IteratorResult<unknown>>): Promise<IteratorResult<unknown>> {
    if (!this.#began) return ask();
    try {
      return await this.step(ask);
    } finally {
      this.ended();
    }
  }

  ended(): void {
    if (this.#tell()) safely(() => this.#observer.ended());
  }

  /** @returns whether it is still to be told */
  #tell(): boolean {
    if (this.#told || !this.#began) return false;
    this.#told = true;
    dropped.unregister(this);
    return true;
  }
}
