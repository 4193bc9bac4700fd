/**
 * What a span says of itself, by its type.
 *
 * In: a row of the timeline. Out: a mark, a name and facts, all safe to print. Pure.
 */
import { APPROVAL_REQUESTED_EVENT, OTEL, SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import type { QueryRow } from "../../query/types.ts";
import { toneOfResult } from "./style.ts";
import { line, showDuration } from "./values.ts";
import type { Fact } from "./wrap.ts";

/** Longest text that a fact quotes, in characters; `--format json` has all of it. */
const QUOTE_CHARS_MAX = 400;

/** A span as a line of the tree. */
export interface DescribedSpan {
  readonly mark: string;
  readonly name: string;
  readonly facts: readonly Fact[];
}

type Attribute = (name: string) => string;

const MARKS: Readonly<Record<string, string>> = { authentication: "auth", definition: "define" };

/** Describe a span. */
export function describeSpan(row: QueryRow): DescribedSpan {
  const attribute = attributesOf(row);
  const type = String(row.SpanType ?? "other");
  const { name, facts } = describeType(type, row, attribute);
  return {
    mark: MARKS[type] ?? line(type),
    name: quote(name === "" ? String(row.SpanName ?? "") : name),
    facts: [...facts, ...events(row), ...failure(row, attribute)].filter(
      (fact) => fact.text !== "",
    ),
  };
}

/** Attributes of a row of the timeline, by name; empty where there is none. */
function attributesOf(row: QueryRow): Attribute {
  const attributes = row.SpanAttributes;
  if (typeof attributes !== "object" || attributes === null) return () => "";
  const map = new Map<string, unknown>(Object.entries(attributes));
  return (name) => String(map.get(name) ?? "");
}

/** A stored list: a JSON array in text, or a single value. */
function listOf(text: string): readonly string[] {
  if (text === "") return [];
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value.map(String);
  } catch {
    // Not JSON: the text is the one item.
  }
  return [text];
}

/** Stored text in one line, bounded. */
export function quote(text: string): string {
  return line(text.length > QUOTE_CHARS_MAX ? `${text.slice(0, QUOTE_CHARS_MAX)}…` : text);
}

/** `low ← of high, low (skipped high)`. */
function describeBranch(
  selected: readonly string[],
  options: readonly string[],
  skipped: readonly string[],
): string {
  const names = (list: readonly string[]): string => list.map(quote).join(", ");
  const taken = selected.length === 0 ? "nothing" : names(selected);
  const of = options.length === 0 ? "" : ` ← of ${names(options)}`;
  return `${taken}${of}${skipped.length === 0 ? "" : ` (skipped ${names(skipped)})`}`;
}

function describeType(
  type: string,
  row: QueryRow,
  attribute: Attribute,
): { readonly name: string; readonly facts: readonly Fact[] } {
  switch (type) {
    case "run":
      return { name: attribute(OTEL.genAiWorkflowName), facts: [result(row)] };
    case "step":
      return { name: String(row.StepName ?? ""), facts: stepFacts(row, attribute) };
    case "decision":
      return { name: attribute(WORKFLOW.decisionName), facts: decisionFacts(attribute) };
    case "ai":
      return { name: "", facts: aiFacts(attribute) };
    case "tool":
      return { name: attribute(OTEL.genAiToolName), facts: [result(row)] };
    case "action":
      return { name: attribute(WORKFLOW.actionName), facts: actionFacts(row, attribute) };
    case "approval":
      return { name: approvalName(row), facts: approvalFacts(attribute) };
    case "policy":
      return { name: attribute(WORKFLOW.policyName), facts: policyFacts(attribute) };
    case "authentication":
      return { name: attribute(WORKFLOW.authMethod), facts: authenticationFacts(attribute) };
    case "checkpoint":
      return { name: "", facts: checkpointFacts(attribute) };
    default:
      return { name: "", facts: [result(row)] };
  }
}

function result(row: QueryRow): Fact {
  const text = line(row.Result ?? "");
  return { text, tone: toneOfResult(text) };
}

function stepFacts(row: QueryRow, attribute: Attribute): readonly Fact[] {
  const attempt = Number(row.Attempt ?? 0);
  const failed = row.StatusCode === "Error";
  const fallback = attribute(WORKFLOW.stepFallback);
  return [
    { text: attempt > 1 || (attempt === 1 && failed) ? `attempt ${attempt}` : "" },
    result(row),
    { text: fallback === "" ? "" : `fallback ${quote(fallback)}` },
  ];
}

function decisionFacts(attribute: Attribute): readonly Fact[] {
  const options = listOf(attribute(WORKFLOW.decisionOptions));
  const selected = listOf(attribute(WORKFLOW.decisionSelected));
  const skipped = listOf(attribute(WORKFLOW.decisionSkipped));
  const reason = attribute(WORKFLOW.decisionReason);
  const confidence = attribute(WORKFLOW.decisionConfidence);
  return [
    { text: describeBranch(selected, options, skipped), tone: "strong" },
    { text: attribute(WORKFLOW.decisionDefaultTaken) === "true" ? "as the default" : "" },
    { text: reason === "" ? "" : `because ${quote(reason)}` },
    { text: confidence === "" ? "" : `confidence ${quote(confidence)}` },
  ];
}

function aiFacts(attribute: Attribute): readonly Fact[] {
  const input = attribute(OTEL.genAiUsageInputTokens);
  const output = attribute(OTEL.genAiUsageOutputTokens);
  const asked = attribute(OTEL.genAiRequestModel);
  const answered = attribute(OTEL.genAiResponseModel);
  const resends = attribute(OTEL.httpRequestResendCount);
  const tokens = `${quote(input || "?")} tokens in, ${quote(output || "?")} out`;
  return [
    { text: quote(attribute(OTEL.genAiProviderName)) },
    { text: answered === "" || answered === asked ? "" : `answered by ${quote(answered)}` },
    { text: input === "" && output === "" ? "" : tokens },
    { text: quote(listOf(attribute(OTEL.genAiResponseFinishReasons)).join(", ")) },
    { text: resends === "" || resends === "0" ? "" : `resent ${quote(resends)} times` },
  ];
}

function actionFacts(row: QueryRow, attribute: Attribute): readonly Fact[] {
  const target = attribute(WORKFLOW.actionTarget);
  const id = attribute(WORKFLOW.actionExternalId);
  return [
    { text: target === "" ? "" : `on ${quote(target)}` },
    { text: id === "" ? "" : `id ${quote(id)}` },
    result(row),
  ];
}

/** Its step; a resumed approval may stand outside of one, then its span's name has it. */
function approvalName(row: QueryRow): string {
  const step = String(row.StepName ?? "");
  const prefix = `${SPAN_NAME.approval} `;
  const name = String(row.SpanName ?? "");
  return step === "" && name.startsWith(prefix) ? name.slice(prefix.length) : step;
}

function approvalFacts(attribute: Attribute): readonly Fact[] {
  const outcome = line(attribute(WORKFLOW.approvalOutcome));
  const who = attribute(OTEL.userId);
  const wait = attribute(WORKFLOW.approvalWaitMs);
  const comment = attribute(WORKFLOW.approvalComment);
  return [
    { text: outcome, tone: toneOfResult(outcome) },
    { text: who === "" ? "" : `by ${quote(who)}` },
    { text: wait === "" ? "" : `after ${showDuration(Number(wait))}` },
    { text: comment === "" ? "" : `"${quote(comment)}"` },
  ];
}

function policyFacts(attribute: Attribute): readonly Fact[] {
  const outcome = line(attribute(WORKFLOW.policyOutcome));
  const reason = attribute(WORKFLOW.policyReason);
  return [
    { text: outcome, tone: outcome === "deny" ? "bad" : undefined },
    { text: quote(attribute(WORKFLOW.policyRuleId)) },
    { text: reason === "" ? "" : `because ${quote(reason)}` },
  ];
}

function authenticationFacts(attribute: Attribute): readonly Fact[] {
  const outcome = line(attribute(WORKFLOW.authOutcome));
  const who = attribute(OTEL.userId);
  return [
    { text: outcome, tone: toneOfResult(outcome) },
    { text: who === "" ? "" : `as ${quote(who)}` },
  ];
}

function checkpointFacts(attribute: Attribute): readonly Fact[] {
  const verified = attribute(WORKFLOW.checkpointVerified);
  const sequence = attribute(WORKFLOW.checkpointSequence);
  const key = attribute(WORKFLOW.checkpointKeyId);
  return [
    { text: sequence === "" ? "" : `number ${quote(sequence)}` },
    { text: verified === "true" ? "verified" : "", tone: "good" },
    { text: verified === "false" ? "refused" : "", tone: "bad" },
    { text: key === "" ? "" : `key ${quote(key)}` },
  ];
}

function events(row: QueryRow): readonly Fact[] {
  const names = row.EventNames;
  const asked = Array.isArray(names) && names.includes(APPROVAL_REQUESTED_EVENT);
  return asked ? [{ text: "asks for approval", tone: "waiting" }] : [];
}

function failure(row: QueryRow, attribute: Attribute): readonly Fact[] {
  const type = attribute(OTEL.errorType);
  const message = String(row.StatusMessage ?? "");
  if (row.StatusCode !== "Error" && type === "") return [];
  const what = [type, message].filter((part) => part !== "").map(quote);
  return [{ text: what.length === 0 ? "error" : `error ${what.join(": ")}`, tone: "bad" }];
}
