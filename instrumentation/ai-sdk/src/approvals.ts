/**
 * Approvals of tool calls: they travel as parts of messages.
 *
 * In: the content of a step, the messages of the next call. Side effects: the event that an approval
 * was asked for, with step and run paused; the span of its answer.
 */
import type { Context } from "@opentelemetry/api";
import {
  activeStep,
  type Json,
  jsonList,
  recordApproval,
  recordApprovalRequest,
  textOf,
} from "@spanledger/api/internal";

/**
 * Approvals whose time of asking is remembered in this process. Answers come from people: a few
 * thousand open questions are many, and each is two short strings.
 */
const REMEMBERED_MAX = 4_096;

/** When each open approval was asked for, in milliseconds, and by which step. */
const asked = new Map<string, { readonly atMs: number; readonly step: string | undefined }>();

/** A step of the SDK ended: who is asked for what? Automatic answers ask nobody. */
export function recordRequests(content: unknown, parent: Context): void {
  for (const part of jsonList(content)) {
    const id = textOf(part.approvalId);
    if (part.type !== "tool-approval-request" || id === undefined) continue;
    if (part.isAutomatic === true) continue;
    if (asked.size >= REMEMBERED_MAX) asked.clear();
    asked.set(id, { atMs: Date.now(), step: activeStep(parent)?.name });
    recordApprovalRequest({ id, comment: textOf(part.reason) }, parent);
  }
}

/** A call begins: its last message may answer. The SDK looks at that one alone. */
export function recordAnswers(messages: unknown, parent: Context): void {
  if (!Array.isArray(messages)) return;
  const [last] = jsonList([messages.at(-1)]);
  if (last?.role !== "tool") return;
  const requests = new Map(jsonList(messages).flatMap(approvalRequests));
  for (const part of jsonList(last.content)) {
    const id = textOf(part.approvalId);
    if (part.type !== "tool-approval-response" || id === undefined) continue;
    if (requests.get(id)?.isAutomatic === true) continue;
    const known = asked.get(id);
    asked.delete(id);
    const resolution = {
      id,
      outcome: part.approved === true ? "approved" : "rejected",
      comment: textOf(part.reason),
      requestedAt: known?.atMs,
      step: known?.step ?? activeStep(parent)?.name,
    } as const;
    recordApproval(resolution, parent, Date.now());
  }
}

function approvalRequests({ content }: Json): readonly (readonly [string, Json])[] {
  return jsonList(content)
    .filter((part) => part.type === "tool-approval-request")
    .map((part) => [String(part.approvalId), part]);
}
