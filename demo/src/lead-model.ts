/**
 * What the stand-in model "thinks": the same text always gets the same answer.
 *
 * In: the text of a conversation. Out: a classification, or a short follow-up mail.
 * Pure: no clock, no I/O.
 */

type Segment = "enterprise" | "mid_market" | "small_business";

/** The model's answer about one lead; the application reads it as JSON. */
export interface Classification {
  readonly segment: Segment;
  /** 0 to 100: how much the lead is worth a call. */
  readonly score: number;
  /** 0 to 1: how sure the model is. */
  readonly confidence: number;
  /** Expected yearly revenue in US dollars. */
  readonly deal_value: number;
  readonly reason: string;
}

/** Seats from which a company counts as an enterprise, and as mid-market. */
const ENTERPRISE_SEATS_MIN = 500;
const MID_MARKET_SEATS_MIN = 50;

/** List price of a seat per year in US dollars, where the lead names no budget. */
const SEAT_PRICE = 180;

/** What speaks for a serious lead, with its points. */
const SIGNALS: readonly (readonly [name: string, pattern: RegExp, points: number])[] = [
  ["names a budget", /\bbudget\b/i, 18],
  ["wants it soon", /\b(this (month|quarter)|by (monday|friday|june)|immediately|asap)\b/i, 16],
  ["can decide", /\b(cto|cfo|vp|chief|head of|director|procurement)\b/i, 16],
  ["names a product need", /\b(audit|compliance|sso|migration|rollout|integration)\b/i, 12],
  ["asks for a meeting", /\b(call|demo|meeting|workshop)\b/i, 8],
];

const DOUBT = /\b(maybe|not sure|perhaps|no idea|someone told)\b/i;

/** Classify one lead by its text. */
export function classifyLead(text: string): Classification {
  const seats = numberBefore(text, /([\d,]+)\s+(?:seats|users|people|employees)/i);
  const budget = numberBefore(text, /\$\s?([\d,]+)/);
  const found = SIGNALS.filter(([, pattern]) => pattern.test(text));
  const points = found.reduce((sum, [, , value]) => sum + value, 0);
  const sizePoints = seats >= ENTERPRISE_SEATS_MIN ? 30 : seats >= MID_MARKET_SEATS_MIN ? 18 : 6;
  const doubt = DOUBT.test(text);
  const known = found.length + (seats > 0 ? 1 : 0) + (budget > 0 ? 1 : 0);
  const confidence = Math.min(0.97, 0.45 + 0.1 * known) - (doubt ? 0.25 : 0);
  const names = found.map(([name]) => name).join(", ");
  return {
    segment:
      seats >= ENTERPRISE_SEATS_MIN
        ? "enterprise"
        : seats >= MID_MARKET_SEATS_MIN
          ? "mid_market"
          : "small_business",
    score: Math.min(100, sizePoints + points),
    confidence: Math.round(confidence * 100) / 100,
    deal_value: budget > 0 ? budget : seats * SEAT_PRICE,
    reason: `${seats > 0 ? `${seats} seats` : "size unknown"}; ${names || "no buying signal"}${
      doubt ? "; the sender sounds unsure" : ""
    }`,
  };
}

/** Write a follow-up mail to one lead. */
export function draftMail(text: string): string {
  const { segment, reason } = classifyLead(text);
  const name = /"name":\s*"([^"\\]+)"/.exec(text)?.[1] ?? "there";
  return (
    `Hello ${name}, thank you for writing to us. For a ${segment.replace("_", " ")} team ` +
    `the usual start is a two-week trial with one workflow. We noted: ${reason}. ` +
    "Would a short call next week suit you?"
  );
}

function numberBefore(text: string, pattern: RegExp): number {
  return Number((pattern.exec(text)?.[1] ?? "0").replaceAll(",", "")) || 0;
}
