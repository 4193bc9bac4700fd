/**
 * The parts of the openai package that the instrumentation looks at. Its own types hide some of
 * them, so every field is read with care.
 */

/** `APIPromise`: a promise that parses the response when it is awaited. */
export interface ApiPromise {
  readonly responsePromise?: Promise<unknown>;
  parse(): Promise<unknown>;
  asResponse(): Promise<unknown>;
  _thenUnwrap(transform: (result: unknown) => unknown): ApiPromise;
}

/** `Stream`: its iterator is made when it is read. */
export interface ResponseStream {
  iterator?: () => AsyncIterator<unknown>;
  readonly controller?: AbortController;
}

/** The client class with the resources that hang on it. */
export interface OpenAIClass {
  readonly prototype: Record<string, unknown>;
  readonly Chat?: { readonly Completions?: ResourceClass };
  readonly Responses?: ResourceClass;
  readonly Embeddings?: ResourceClass;
}

export interface ResourceClass {
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
