/**
 * The lines that the application prints and the orchestrator reads. No personal data.
 *
 * In: a line of text. Out: the event, or nothing where the line is none. Pure.
 */
import type { Story } from "./lead-rows.ts";

/** One JSON line on the application's standard output. */
export type AppEvent =
  | {
      readonly event: "started" | "finished";
      readonly phase: "triage" | "approve";
      readonly runs: number;
    }
  | {
      readonly event: "run";
      readonly leadId: string;
      readonly story: Story;
      readonly runId: string;
      readonly result: "success" | "failure" | "paused";
      /** What became of the lead, or the code of the error. */
      readonly status: string;
    };

/** Parse one line; anything that is not an object with a string `event` is nothing. */
export function parseEvent(line: string): { readonly event: string } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isEvent =
      typeof value === "object" &&
      value !== null &&
      "event" in value &&
      typeof value.event === "string";
    return isEvent ? (value as { readonly event: string }) : undefined;
  } catch {
    return undefined;
  }
}
