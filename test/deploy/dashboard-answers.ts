/**
 * What each panel of the dashboard shows of the record in audit-data.ts, worked out by hand. Pure.
 */
import { expect } from "vitest";
import { at, type Row, RUN } from "./audit-data.ts";

/** The interval of the panels over time, as Grafana would choose it for some hours. */
export const HOUR_MS = 3_600_000;

/** A time as ClickHouse writes it, with so many digits after the second. */
export const time = (ms: number, digits = 0): string =>
  new Date(ms).toISOString().replace("T", " ").slice(0, 19) +
  (digits === 0
    ? ""
    : `.${String(ms % 1000)
        .padStart(3, "0")
        .padEnd(digits, "0")}`);

const bar = (hour: number, results: Row): Row => ({
  time: time(at(hour)),
  ...{ success: 0, failure: 0, partial: 0, timeout: 0, cancellation: 0, paused: 0 },
  ...results,
});

const step = (Workflow: string, Step: string, numbers: readonly number[]): Row => {
  const [Attempts, Retries, Failed, p50, p95] = numbers;
  return { Workflow, Step, Attempts, Retries, Failed, p50, p95 };
};

const tokens = (hour: number, series: string, count: number): Row => ({
  time: time(at(hour)),
  series,
  tokens: count,
});

/** What each panel shows of the whole record, by its title. */
export const EXPECTED: Readonly<Record<string, readonly object[]>> = {
  Runs: [{ Runs: 7 }],
  "Failure rate": [{ FailureRate: 2 / 6 }],
  "Waiting for a person": [{ Waiting: 1 }],
  "Approval wait, p95": [{ WaitMs: HOUR_MS }],
  Tokens: [{ Tokens: 110 + 220 + 300 + 1_500 }],
  "Failed AI calls": [{ FailedAiCalls: 1 }],
  "Runs by result": [
    bar(10, { success: 2 }),
    bar(11, { failure: 1 }),
    bar(12, { timeout: 1 }),
    bar(13, { success: 1, paused: 1 }),
    bar(15, { success: 1 }),
  ],
  "Approvals waiting": [
    {
      Since: time(at(13, 0, 400), 9),
      Run: RUN.waiting,
      Workflow: "lead_triage",
      Step: "approve",
      Waited: expect.any(Number),
    },
  ],
  "Failed runs": [
    {
      Started: time(at(12), 9),
      Run: RUN.timedOut,
      Workflow: "lead_triage",
      Result: "timeout",
      Step: "",
      Error: "",
      Message: "over 60 s",
      Actor: "agent-7",
      Duration: 60_000,
    },
    {
      Started: time(at(11), 9),
      Run: RUN.failed,
      Workflow: "lead_triage",
      Result: "failure",
      Step: "enrich",
      Error: "TimeoutError",
      Message: "no answer within 2 s",
      Actor: "agent-7",
      Duration: 5_000,
    },
  ],
  "Branch shares": [
    { Branch: "lead_triage · route → fast_track", Share: 0.75 },
    { Branch: "lead_triage · route → nurture", Share: 0.25 },
    { Branch: "lead_triage · route → reject", Share: 0 },
  ],
  Decisions: [
    {
      Workflow: "lead_triage",
      Decision: "route",
      Evaluated: 4,
      Defaults: 1,
      MeanConfidence: expect.closeTo(0.75),
      LowestConfidence: 0.3,
    },
  ],
  Steps: [
    step("lead_triage", "enrich", [2, 1, 1, 2_000, 2_000]),
    step("lead_triage", "classify", [3, 0, 0, 200, 290]),
    step("lead_triage", "approve", [1, 0, 0, 100, 100]),
    step("refund_flow", "approve", [1, 0, 0, 50, 50]),
  ],
  "Step duration, p95": [
    { time: time(at(10)), step: "lead_triage · classify", p95: 290 },
    { time: time(at(11)), step: "lead_triage · classify", p95: 200 },
    { time: time(at(11)), step: "lead_triage · enrich", p95: 2_000 },
    { time: time(at(13)), step: "lead_triage · approve", p95: 100 },
    { time: time(at(13)), step: "refund_flow · approve", p95: 50 },
  ],
  "Tokens by model": [
    tokens(10, "model-a input", 100),
    tokens(10, "model-a output", 10),
    tokens(10, "model-b input", 200),
    tokens(10, "model-b output", 20),
    tokens(11, "model-a input", 300),
    tokens(11, "model-a output", 0),
    tokens(15, "model-a input", 1_000),
    tokens(15, "model-a output", 500),
  ],
  "Errors by step": [
    {
      Workflow: "lead_triage",
      Step: "enrich",
      Error: "TimeoutError",
      Times: 2,
      Runs: 1,
      Last: time(at(11, 0, 4_500), 9),
    },
  ],
  // With an empty text box the lower part shows the latest run.
  Run: [expect.objectContaining({ Run: RUN.other, Result: "success", Tokens: 1_500, Parts: 1 })],
  "Decision path": [],
  Timeline: [expect.objectContaining({ Kind: "ai", Duration: 40, Try: null })],
  Trace: [expect.objectContaining({ operationName: "ai", duration: 40, kind: "Client" })],
};
