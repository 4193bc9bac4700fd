/**
 * The spans that the load sends: span number n is the same whenever and however it is sent.
 *
 * In: a seed and a number. Out: a span; its id holds the seed and the number, so that what is
 * stored can be told apart one by one. Runs are {@link RUN_SPANS} spans long and cross the borders
 * of requests, so that their sums gather over several batches. Pure.
 */
import { OTEL, WORKFLOW } from "@spanledger/schema";

/** Spans of one run; each place in it has a kind of its own. */
export const RUN_SPANS = 12;

/** Length of the content that goes to table `payloads`, in characters; every 64th run: 40 times. */
const CONTENT_CHARACTERS = 600;
const LARGE_EVERY_RUNS = 64;
const LARGE_FACTOR = 40;

/** Attribute that holds the span's own id in letters: rows that got mixed up show by it. */
export const MARK_ATTRIBUTE = "test.mark";

const SPAN_PAUSE_NS = 1_000_000n;
const SPAN_DURATION_NS = 5_000_000n;
/** Times step over a second here and there, for the table of traces' first and last seconds. */
const RUN_PAUSE_NS = 137_000_000n;

export type TestValue = string | number | readonly string[];

export interface TestSpan {
  readonly number: number;
  /** 32 and 16 hex digits. */
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the run's root. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly isError: boolean;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, TestValue>>;
}

/** Rows that a span leaves in each table besides `spans`, by its place in the run. */
export const ROWS_BY_PLACE: Readonly<
  Record<"payloads" | "runs" | "decisions" | "errors", Readonly<Record<number, number>>>
> = {
  payloads: { 2: 2, 5: 1, 11: 1 },
  runs: { 0: 1 },
  decisions: { 4: 1 },
  errors: { 3: 1 },
};

interface Kind {
  readonly name: string;
  readonly isError?: boolean;
  readonly attributes: (number: number, content: string) => Readonly<Record<string, TestValue>>;
}

const chat = (number: number): Record<string, TestValue> => ({
  [OTEL.genAiOperationName]: "chat",
  "gen_ai.usage.input_tokens": 100 + (number % 900),
  "gen_ai.usage.output_tokens": 10 + (number % 90),
});
const plain: Kind = { name: "GET", attributes: () => ({ "server.address": "crm.internal" }) };

/** By place in the run, from 0 to {@link RUN_SPANS} - 1. */
const KINDS: readonly Kind[] = [
  { name: "invoke_workflow triage", attributes: () => ({ [WORKFLOW.runResult]: "success" }) },
  { name: "run_step classify", attributes: () => ({ [WORKFLOW.stepName]: "classify" }) },
  {
    name: "chat model-a",
    attributes: (number, content) => ({
      ...chat(number),
      [OTEL.genAiInputMessages]: content,
      [OTEL.genAiOutputMessages]: content,
    }),
  },
  {
    name: "run_step enrich",
    isError: true,
    attributes: () => ({ [WORKFLOW.stepName]: "enrich", [OTEL.errorType]: "timeout" }),
  },
  {
    name: "evaluate_branch route",
    attributes: () => ({
      [WORKFLOW.decisionName]: "route",
      [WORKFLOW.decisionOptions]: ["left", "right"],
      [WORKFLOW.decisionSelected]: ["left"],
    }),
  },
  {
    name: "execute_tool lookup",
    attributes: (_number, content) => ({
      [OTEL.genAiToolName]: "lookup",
      [OTEL.genAiToolCallArguments]: content,
    }),
  },
  {
    name: "perform_action create",
    attributes: () => ({ [WORKFLOW.actionName]: "create", [WORKFLOW.actionResult]: "success" }),
  },
  {
    name: "resolve_approval approve",
    attributes: () => ({ [WORKFLOW.approvalOutcome]: "approved" }),
  },
  plain,
  plain,
  { name: "chat model-b", attributes: chat },
  {
    name: "run_step store",
    attributes: (_number, content) => ({
      [WORKFLOW.stepName]: "store",
      [WORKFLOW.stepInput]: content,
    }),
  },
];

/** Hex digits as letters, so that no detector takes an id for a number of a card or a telephone. */
export const LETTERS = "ghijklmnopqrstuv";

function inLetters(hex: string): string {
  return hex.replaceAll(/[0-9a-f]/g, (digit) => LETTERS[Number.parseInt(digit, 16)] ?? "");
}

function hex8(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}

/** The half of a span id that is the same for all spans of a seed; never zero. */
export function seedHex(seed: number): string {
  return hex8((seed & 0x7fff_ffff) | 0x8000_0000);
}

const WORDS = ["budget", "renewal", "contract", "meeting", "proposal", "discount", "pilot"];

function contentOf(number: number): string {
  const run = Math.floor(number / RUN_SPANS);
  const factor = run % LARGE_EVERY_RUNS === LARGE_EVERY_RUNS - 1 ? LARGE_FACTOR : 1;
  const word = WORDS[number % WORDS.length] ?? "";
  return `${inLetters(hex8(number))} ${`${word} `.repeat(
    Math.ceil((CONTENT_CHARACTERS * factor) / (word.length + 1)),
  )}`;
}

/** Span number `number` of a seed; `baseNs` is when number 0 started. */
export function spanOf(seed: number, number: number, baseNs: bigint): TestSpan {
  const prefix = seedHex(seed);
  const run = Math.floor(number / RUN_SPANS);
  const place = number % RUN_SPANS;
  const kind = KINDS[place] ?? plain;
  const spanId = prefix + hex8(number);
  const startNs = baseNs + BigInt(run) * RUN_PAUSE_NS + BigInt(place) * SPAN_PAUSE_NS;
  return {
    number,
    traceId: `${prefix}${prefix}00000000${hex8(run + 1)}`,
    spanId,
    parentSpanId: place === 0 ? "" : prefix + hex8(run * RUN_SPANS),
    name: kind.name,
    isError: kind.isError === true,
    startNs,
    endNs: startNs + SPAN_DURATION_NS,
    attributes: {
      [WORKFLOW.runId]: `run-${inLetters(prefix + hex8(run))}`,
      [WORKFLOW.id]: "triage",
      [MARK_ATTRIBUTE]: inLetters(spanId),
      ...kind.attributes(number, contentOf(number)),
    },
  };
}
