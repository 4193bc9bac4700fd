/**
 * How much of what an application handles goes into its record: `SPANLEDGER_CAPTURE`.
 *
 * In: the environment, and spans that have ended. Side effect: attributes that hold more than the
 * level allows are taken off the span, whichever package put them there, also a foreign one.
 */
import { CONTENT_ATTRIBUTES, OTEL, WORKFLOW } from "@spanledger/schema";
import { safely } from "./safely.ts";

/** The environment variable. */
export const CAPTURE_VARIABLE = "SPANLEDGER_CAPTURE";

/** The levels, from all to least; the reasons stand in the README of `@spanledger/register`. */
export const CAPTURE_LEVELS = [
  /** Content as well: messages, inputs, outputs, arguments, results, bodies. */
  "full",
  /** No content. Names, ids, models, tokens, times, results, and what people and errors say. */
  "metadata",
  /** No free text either: no error messages, no reasons, no comments. */
  "none",
] as const;
export type CaptureLevel = (typeof CAPTURE_LEVELS)[number];

/** For a value that is not a level: who set it wanted less than everything. */
const CAPTURE_OTHERWISE: CaptureLevel = "metadata";

/** Read the level. @returns `full` where nothing is set */
export function captureLevel(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): CaptureLevel {
  const given = environment[CAPTURE_VARIABLE]?.trim().toLowerCase();
  if (given === undefined || given === "") return "full";
  return CAPTURE_LEVELS.find((level) => level === given) ?? CAPTURE_OTHERWISE;
}

/** Beginnings of names in which other dialects keep content; whole segments count. */
const FOREIGN_CONTENT_NAMES: readonly RegExp[] = [
  // OpenInference
  /(?:input|output)\.value/,
  /llm\.(?:input_messages|output_messages|prompts|prompt_template|invocation_parameters|tools)/,
  /(?:embedding|reranker|retrieval)\.(?:embeddings|query|text|vector|documents|input_documents)/,
  /(?:document\.content|tool\.parameters|tool_call\.function\.arguments)/,
  // Traceloop, and the GenAI conventions before their present form
  /gen_ai\.(?:prompt|completion|content|event\.content|tool\.description)/,
  /llm\.(?:completions|request\.functions)/,
  /traceloop\.entity\.(?:input|output)/,
  // AI SDK, Mastra, Anthropic
  /ai\.(?:prompt|toolCall\.args|toolCall\.result|values?|embeddings?)/,
  /ai\.response\.(?:text|object|toolCalls|reasoning|files)/,
  /mastra\.\S*(?:input|output|instructions|messages)/,
  /anthropic\.tool_result\.content/,
];

const FOREIGN_CONTENT = new RegExp(
  `^(?:${FOREIGN_CONTENT_NAMES.map((name) => name.source).join("|")})(?:\\.|$)`,
);

/** What events of models' packages keep content under. */
const EVENT_CONTENT: ReadonlySet<string> = new Set(["content", "message", "tool_calls", "body"]);

/** Text that people and errors write: it may quote content. */
const FREE_TEXT: ReadonlySet<string> = new Set([
  "error.message",
  "exception.stacktrace",
  OTEL.exceptionMessage,
  OTEL.genAiRequestStopSequences,
  OTEL.urlQuery,
  "url.full",
  WORKFLOW.approvalComment,
  WORKFLOW.decisionReason,
  WORKFLOW.policyReason,
]);

/** Names whose test is remembered, at most: names are few, but an application may make some up. */
const REMEMBERED_NAMES_MAX = 2_000;

const remembered = new Map<string, boolean>();

function isContent(name: string): boolean {
  if (CONTENT_ATTRIBUTES.has(name)) return true;
  let found = remembered.get(name);
  if (found === undefined) {
    found = FOREIGN_CONTENT.test(name);
    if (remembered.size < REMEMBERED_NAMES_MAX) remembered.set(name, found);
  }
  return found;
}

/** What is read of a span that has ended. */
interface EndedSpan {
  readonly attributes?: unknown;
  readonly events?: unknown;
  readonly status?: unknown;
}

/** Take off a span what the level does not allow. */
export function withhold(span: EndedSpan, level: CaptureLevel): void {
  if (level === "full") return;
  safely(() => {
    strip(span.attributes, level, false);
    const events = Array.isArray(span.events) ? (span.events as unknown[]) : [];
    for (const event of events) {
      const { attributes } = event as { readonly attributes?: unknown };
      strip(attributes, level, true);
    }
    const status = span.status as { readonly code: number; readonly message?: string } | undefined;
    if (level === "none" && status?.message !== undefined) {
      Reflect.set(span, "status", { code: status.code });
    }
  });
}

function strip(attributes: unknown, level: CaptureLevel, isEvent: boolean): void {
  if (typeof attributes !== "object" || attributes === null) return;
  for (const name of Object.keys(attributes)) {
    const isTooMuch =
      isContent(name) ||
      (isEvent && EVENT_CONTENT.has(name)) ||
      (level === "none" && FREE_TEXT.has(name));
    if (isTooMuch) Reflect.deleteProperty(attributes, name);
  }
}
