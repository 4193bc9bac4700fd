/**
 * What the approver of the demo answers to the large deals.
 *
 * In: a lead and the approver's id. Out: the answer, or nothing while the lead keeps waiting. Pure.
 */
import type { ApprovalAnswer } from "./lead-triage.ts";
import type { Lead } from "./leads.ts";

/** The approver's answer to one lead. */
export function answerFor(lead: Lead, approver: string): ApprovalAnswer | undefined {
  switch (lead.story) {
    case "approved":
      return { approved: true, approver, comment: "Within the plan of this quarter." };
    case "rejected":
      return { approved: false, approver, comment: "No discount of this size without the CFO." };
    default:
      return undefined;
  }
}
