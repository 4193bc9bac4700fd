/**
 * A context that follows another library's idea of where the code is.
 *
 * The Agents SDK keeps its current span in storage of its own and tells processors of spans, but
 * none of its hooks can run code inside an OpenTelemetry context. So the whole run gets one context
 * that, whenever it is asked, answers with the one that belongs to the SDK's current span. What is
 * derived from it (a span set active, baggage) is an ordinary context of that moment.
 */
import type { Context } from "@opentelemetry/api";

export class LiveContext implements Context {
  readonly #now: () => Context;

  /** @param now the context of this moment; must not throw */
  constructor(now: () => Context) {
    this.#now = now;
  }

  getValue(key: symbol): unknown {
    return this.#now().getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#now().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.#now().deleteValue(key);
  }
}
