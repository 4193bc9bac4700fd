/**
 * How a span of another dialect is known, so that it takes the slow road, where it is put into our
 * names (`normalise/`). Data and pure tests; each key is tested once, when it is first seen.
 */
import { ANTHROPIC } from "@spanledger/schema";

/** Beginnings of names that belong to a dialect alone. */
const PREFIXES: readonly string[] = [
  "ai.", // AI SDK
  "llm.", // OpenInference, Traceloop
  "mastra.",
  "openinference.",
  "traceloop.",
];

/** Whole names: of OpenInference, and of the GenAI conventions before their present form. */
const NAMES: ReadonlySet<string> = new Set([
  "enduser.id",
  "gen_ai.completion",
  "gen_ai.prompt",
  "gen_ai.response.finish_reason",
  "gen_ai.system",
  "gen_ai.usage.cache_creation.input_tokens",
  "gen_ai.usage.cache_creation_input_tokens",
  "gen_ai.usage.cache_read_input_tokens",
  "gen_ai.usage.completion_tokens",
  "gen_ai.usage.prompt_tokens",
  "gen_ai.usage.reasoning_tokens",
  "input.value",
  "output.value",
]);

/** Messages that are spread over attributes: `gen_ai.prompt.0.role`. */
const SPREAD_MESSAGES = /^gen_ai\.(?:prompt|completion)\.\d/;

/** Beginning of the name of a span event or log record that carries GenAI content. */
export const GEN_AI_EVENT_PREFIX = "gen_ai.";

/** Whether an attribute of this name makes its span a foreign one. */
export function isForeignKey(key: string): boolean {
  return (
    NAMES.has(key) || PREFIXES.some((prefix) => key.startsWith(prefix)) || SPREAD_MESSAGES.test(key)
  );
}

/** Beginning of the scopes of Traceloop's instrumentations. */
export const TRACELOOP_SCOPE = "@traceloop/";

/** Scope of OpenTelemetry's own OpenAI instrumentation. */
export const OPENTELEMETRY_SCOPE = "@opentelemetry/instrumentation-openai";

/** Scopes whose attributes alone do not tell: their names are those of today. */
const SCOPES: readonly string[] = [ANTHROPIC.scope, TRACELOOP_SCOPE, OPENTELEMETRY_SCOPE];

/** Whether all spans of an instrumentation scope are foreign ones, whatever their attributes. */
export function isForeignScope(name: string): boolean {
  return SCOPES.some((scope) => name.startsWith(scope));
}
