// What the two applications of the parity test have in common: the work itself, and no telemetry.
import { explainDecision } from "@spanledger/api";
import OpenAI from "openai";

const client = new OpenAI({ apiKey: "unused", baseURL: process.env.OPENAI_BASE_URL });

/** Two runs: one that succeeds after a retry and an answer, one that fails. */
export const REQUESTS = [{ order: 7 }, { order: 13 }];

export const ANSWER = { approved: true, approver: "dana", comment: "within policy" };

export async function classify({ order }) {
  const messages = [{ role: "user", content: `Classify order ${order}` }];
  const answer = await client.chat.completions.create({ model: "gpt-x", messages });
  return { order, label: JSON.parse(answer.choices[0].message.content).label };
}

export const isHigh = ({ label }) => {
  explainDecision({ reason: `the label is ${label}`, confidence: 0.9, condition: "label = high" });
  return label === "high";
};

export const isLow = ({ label }) => label !== "high";

const lookups = new Map();

export async function lookup({ order }) {
  const tries = (lookups.get(order) ?? 0) + 1;
  lookups.set(order, tries);
  if (order === 13 || tries === 1) throw new RangeError(`order ${order}: connection lost`);
  return { order };
}

export async function refund({ order }) {
  return { order, refunded: true };
}

export function say(line) {
  process.stdout.write(`${line}\n`);
}
