/** One kind of call to a model: how its request, response and stream become attributes. */
import type { Attributes } from "@opentelemetry/api";
import type { Json } from "./wire.ts";

/** Longest text of one choice or part that is collected from a stream, in characters. */
export const STREAMED_CHARS_MAX = 262_144;

/** Most choices, parts or tool calls that are collected from a stream. */
export const STREAMED_ITEMS_MAX = 128;

/** One kind of call. */
export interface ModelOperation {
  /** Value of `gen_ai.operation.name`. */
  readonly name: string;
  request(body: Json, content: boolean): Attributes;
  response(result: Json, content: boolean): Attributes;
  /** Collects the events of a streamed response into what it would have been in one piece. */
  collector(): StreamCollector;
}

/** The events of one stream. */
export interface StreamCollector {
  add(event: unknown): void;
  /** The response as far as it came; undefined where nothing came. */
  result(): Json | undefined;
  /** An error that the model told of inside the stream; undefined where there is none. */
  failure(): Json | undefined;
}

/** Keep what is set. */
export function present(entries: readonly (readonly [string, Attributes[string]])[]): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of entries) {
    if (value !== undefined) attributes[name] = value;
  }
  return attributes;
}

/** Add to a streamed text, up to {@link STREAMED_CHARS_MAX}. */
export function appendText(text: string, more: unknown): string {
  if (typeof more !== "string" || text.length >= STREAMED_CHARS_MAX) return text;
  return text + more.slice(0, STREAMED_CHARS_MAX - text.length);
}

/** Arguments of a tool call are JSON text on the wire and a value in the conventions. */
export function parsedArguments(text: unknown): unknown {
  if (typeof text !== "string") return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
