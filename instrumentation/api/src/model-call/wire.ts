/**
 * What generated SDK clients (`openai`, `@anthropic-ai/sdk`) look like to instrumentation, and how
 * their wire format is read: any field may be missing or of another type.
 */

/** `APIPromise`: a promise that parses the response when it is awaited. */
export interface ApiPromise {
  readonly responsePromise?: Promise<unknown>;
  parse(): Promise<unknown>;
  asResponse(): Promise<unknown>;
  _thenUnwrap(transform: (...args: unknown[]) => unknown): ApiPromise;
}

/** `Stream`: its iterator is made when it is read. */
export interface ResponseStream {
  iterator?: () => AsyncIterator<unknown>;
  readonly controller?: AbortController;
}

export function isResponseStream(result: unknown): result is ResponseStream {
  return typeof result === "object" && result !== null && Symbol.asyncIterator in result;
}

/** A class whose methods are patched: a client or one of its resources. */
export interface PatchableClass {
  readonly prototype: Record<string, unknown>;
}

/** A JSON value of the wire protocol; anything may be missing. */
export type Json = Readonly<Record<string, unknown>>;

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The objects of a list; everything else in it is left out. */
export function jsonList(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isJson) : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** The texts of a list; undefined where it is no list or holds none. */
export function textsOf(value: unknown): string[] | undefined {
  const texts = Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  return texts.length === 0 ? undefined : texts;
}
