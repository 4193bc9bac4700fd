/**
 * A little colour for results, where a terminal shows it.
 *
 * Escape sequences come from here alone; everything stored has its own escaped.
 */
import type { CliDeps } from "../types.ts";

/** What a text means. */
export type Tone = "good" | "bad" | "waiting" | "strong" | "faint";

/** Colours a text, or leaves it. */
export type Style = (text: string, tone: Tone | undefined) => string;

const SGR: Readonly<Record<Tone, readonly [number, number]>> = {
  good: [32, 39],
  bad: [31, 39],
  waiting: [33, 39],
  strong: [1, 22],
  faint: [2, 22],
};

const TONES: Readonly<Record<string, Tone>> = {
  success: "good",
  approved: "good",
  failure: "bad",
  rejected: "bad",
  timeout: "bad",
  cancellation: "bad",
  expired: "bad",
  partial: "waiting",
  paused: "waiting",
  retried: "waiting",
  edited: "waiting",
};

/** The tone of a run's, step's or approval's result. */
export function toneOfResult(result: string): Tone | undefined {
  return TONES[result];
}

/** The style for a program's standard output: plain unless it is a terminal without NO_COLOR. */
export function styleFor(deps: Pick<CliDeps, "stdout" | "env">): Style {
  const noColor = deps.env.NO_COLOR;
  const coloured = deps.stdout.isTTY === true && (noColor === undefined || noColor === "");
  if (!coloured || deps.env.TERM === "dumb") return (text) => text;
  return (text, tone) => {
    if (tone === undefined || text === "") return text;
    const [on, off] = SGR[tone];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}
