/**
 * Attributes at a fraction of what the SDK (3.1.0) takes for them.
 *
 * The SDK makes a `WeakSet` for every attribute that is set, to find cycles in values that are
 * nearly always texts and numbers, and two for each of those that a span begins with: some 4 KB of
 * garbage and a microsecond for each span. Here, texts, numbers, booleans and lists of texts are set
 * at once; whatever else, and whatever comes near a limit, goes the SDK's way.
 *
 * In: the tracer provider of an SDK whose samplers do not look at attributes, as is so with all that
 * the environment can ask for. Side effects: its tracers hand attributes to {@link CheapAttributes},
 * which puts them on the span before any other processor sees it; the class of its spans gets a
 * `setAttribute` that does the same as before.
 */
import type {
  Attributes,
  Context,
  Span,
  SpanOptions,
  Tracer,
  TracerProvider,
} from "@opentelemetry/api";
import type { SpanProcessor } from "@opentelemetry/sdk-trace";

/** What is used of the SDK's spans; where a version has it no longer, all goes the SDK's way. */
interface SdkSpan extends Span {
  readonly attributes?: Record<string, unknown>;
  readonly _ended?: boolean;
  readonly _spanLimits?: {
    readonly attributeCountLimit: number;
    readonly attributeValueLengthLimit: number;
  };
  _attributesCount?: number;
}

const NONE: Attributes = {};

type SetAttribute = (this: SdkSpan, name: string, value: unknown) => Span;

/** The processor that must come first. */
export class CheapAttributes implements SpanProcessor {
  /** Of the span that is about to begin: it does so before `startSpan` returns. */
  #pending: Attributes | undefined;
  /** The span that has just begun. */
  #begun: Span | undefined;
  #patched: object | undefined;

  onStart(span: Span): void {
    this.#begun = span;
    const prototype = Object.getPrototypeOf(span) as { setAttribute: SetAttribute };
    if (prototype !== this.#patched) {
      this.#patched = prototype;
      patchSpan(prototype);
    }
    const attributes = this.#pending;
    if (attributes === undefined) return;
    this.#pending = undefined;
    span.setAttributes(attributes);
  }

  onEnd(): void {}

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}

  /** Take the attributes of spans that this provider's tracers begin. */
  serve(provider: TracerProvider): void {
    const getTracer = provider.getTracer.bind(provider);
    const served = new WeakSet<Tracer>();
    provider.getTracer = (...args) => {
      const tracer = getTracer(...args);
      if (!served.has(tracer)) {
        served.add(tracer);
        this.#serveTracer(tracer);
      }
      return tracer;
    };
  }

  #serveTracer(tracer: Tracer): void {
    const startSpan = tracer.startSpan.bind(tracer);
    let isHeard = false;
    tracer.startSpan = (name: string, options?: SpanOptions, parent?: Context): Span => {
      // The provider may be one of the application's, whose spans this processor never sees.
      this.#pending = isHeard && arePlain(options?.attributes) ? options?.attributes : undefined;
      const given = this.#pending === undefined ? options : { ...options, attributes: NONE };
      try {
        const span = startSpan(name, given, parent);
        isHeard ||= this.#begun === span;
        return span;
      } finally {
        // Nothing of a span that is not recorded may reach the next one.
        this.#pending = undefined;
        this.#begun = undefined;
      }
    };
  }
}

const patched = new WeakSet<object>();

function patchSpan(prototype: { setAttribute: SetAttribute }): void {
  if (patched.has(prototype) || !Object.hasOwn(prototype, "setAttribute")) return;
  patched.add(prototype);
  const setAttribute = prototype.setAttribute;
  prototype.setAttribute = function setAttributeCheaply(name, value) {
    const { attributes, _spanLimits: limits, _attributesCount: count } = this;
    if (limits === undefined || attributes === undefined || count === undefined || this._ended) {
      return setAttribute.call(this, name, value);
    }
    const plain = plainValue(value, limits.attributeValueLengthLimit);
    if (plain === undefined || name.length === 0) return setAttribute.call(this, name, value);
    if (!Object.hasOwn(attributes, name)) {
      if (count >= limits.attributeCountLimit) return setAttribute.call(this, name, value);
      this._attributesCount = count + 1;
    }
    attributes[name] = plain;
    return this;
  };
}

/** Others are counted as dropped where a span begins with them, and only there. */
function arePlain(attributes: Attributes | undefined): boolean {
  for (const name in attributes) {
    const value = attributes[name];
    if (name === "") return false;
    if (value !== undefined && plainValue(value, Number.POSITIVE_INFINITY) === undefined)
      return false;
  }
  return true;
}

/** The value, copied where it could be changed; undefined where the SDK has to look at it. */
function plainValue(value: unknown, charsMax: number): unknown {
  if (typeof value === "string") return value.length <= charsMax ? value : undefined;
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (!Array.isArray(value)) return undefined;
  for (const item of value as unknown[]) {
    if (typeof item !== "string" || item.length > charsMax) return undefined;
  }
  return [...(value as string[])];
}
