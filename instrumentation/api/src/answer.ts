/**
 * What the value that a paused run is resumed with says about an approval.
 *
 * In: LangGraph's `Command({ resume })`, Mastra's `resumeData`. Out: outcome, who decided, comment.
 * Pure.
 *
 * | value | outcome |
 * |---|---|
 * | `{ outcome: "approved" \| "rejected" \| "edited" \| "expired" }` | that |
 * | `{ approved: true }`, `true` | approved |
 * | `{ approved: true, edited: true }` | edited |
 * | `{ approved: false }`, `false` | rejected |
 * | `"approved"`, `"approve"`, `"rejected"`, `"reject"`, `"edited"`, `"edit"`, `"expired"` | that |
 * | `{ type }` or `{ decision }` with one of these words, or `accept`, `ignore` | that |
 * | a list of these, or `{ decisions }` with one (LangChain's middleware) | the first of rejected, expired, edited in it, else approved |
 * | anything else | edited: the person gave an input of their own |
 */
import type { ApprovalOutcome } from "@spanledger/schema";
import { readField } from "./outcome.ts";
import type { ApprovalResolution } from "./types.ts";

const WORDS: Readonly<Record<string, ApprovalOutcome>> = {
  accept: "approved",
  approve: "approved",
  approved: "approved",
  edit: "edited",
  edited: "edited",
  expired: "expired",
  ignore: "rejected",
  reject: "rejected",
  rejected: "rejected",
};

/** Fields that may name who decided; each a string or an object with `id`. First one wins. */
const APPROVER_FIELDS = ["approver", "actor", "user", "reviewer", "approvedBy", "decidedBy"];

/** Longest id or comment that is kept, in characters. */
const ANSWER_TEXT_CHARS_MAX = 4_096;

/** Read an answer; see the module's table. */
export function readAnswer(value: unknown): ApprovalResolution {
  return {
    outcome: outcomeOf(value),
    approver: text(APPROVER_FIELDS.map((name) => idOf(readField(value, name))).find(Boolean)),
    comment: text(readField(value, "comment")) ?? text(readField(value, "reason")),
  };
}

/** What one answer to several questions comes to: the first of these that is among them. */
const STRONGEST: readonly ApprovalOutcome[] = ["rejected", "expired", "edited", "approved"];

function outcomeOf(value: unknown): ApprovalOutcome {
  const many = [value, readField(value, "decisions")].find(Array.isArray) as unknown[] | undefined;
  if (many === undefined || many.length === 0) return outcomeOfOne(value);
  const outcomes = many.map(outcomeOfOne);
  return STRONGEST.find((one) => outcomes.includes(one)) ?? "edited";
}

function outcomeOfOne(value: unknown): ApprovalOutcome {
  if (value === true) return "approved";
  if (value === false) return "rejected";
  for (const word of [value, readField(value, "outcome")]) {
    const known = knownWord(word);
    if (known !== undefined) return known;
  }
  const approved = readField(value, "approved");
  if (approved === true) return readField(value, "edited") === true ? "edited" : "approved";
  if (approved === false) return "rejected";
  return knownWord(readField(value, "decision")) ?? knownWord(readField(value, "type")) ?? "edited";
}

function knownWord(word: unknown): ApprovalOutcome | undefined {
  if (typeof word !== "string") return undefined;
  const lower = word.toLowerCase();
  return Object.hasOwn(WORDS, lower) ? WORDS[lower] : undefined;
}

function idOf(value: unknown): unknown {
  return typeof value === "object" ? readField(value, "id") : value;
}

function text(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  return value.slice(0, ANSWER_TEXT_CHARS_MAX);
}
