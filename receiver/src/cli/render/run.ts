/**
 * One run as a person reads it: a header, then what happened, as trees.
 *
 * In: the API's answer, a width. Out: text. Pure.
 */
import type { RunBody } from "../../api/shapes.ts";
import type { QueryRow } from "../../query/types.ts";
import { describeSpan, quote } from "./spans.ts";
import { type Style, toneOfResult } from "./style.ts";
import { type Trace, type TreeRow, toTraces } from "./tree.ts";
import { line, showDuration, showTime } from "./values.ts";
import { pad } from "./width.ts";
import { type Fact, wrapFacts } from "./wrap.ts";

const LABEL_WIDTH = 14;
const TIME_WIDTH = 10;
const MARK_WIDTH = 10;
const NANOSECONDS_PER_MS = 1e6;

/** Deepest level that is still indented further; deeper ones stand at the same column. */
const INDENT_LEVELS_MAX = 24;

/** Lay out a run; ends with a line end. */
export function renderRun(body: RunBody, width: number, style: Style): string {
  const { runId, run, timeline } = body.data;
  const traces = toTraces(timeline);
  const lines = [style(`Run ${line(runId)}`, "strong")];
  if (run === null) {
    lines.push("  Its root span has not arrived: the run is under way, or its end was lost.");
  } else {
    for (const [label, facts] of headerFacts(run, traces)) {
      if (facts.every((fact) => fact.text === "")) continue;
      const first = `  ${pad(label, LABEL_WIDTH, "left")}`;
      lines.push(...wrapFacts(first, facts, first.length, width, style));
    }
  }
  lines.push("");
  if (timeline.length === 0) {
    lines.push("No spans are kept of this run: they have expired, or have not arrived.");
  } else {
    lines.push(style("Timeline: time since the start, time taken, what happened", "strong"));
    lines.push(...renderTraces(traces, width, style));
  }
  return `${lines.join("\n")}\n`;
}

type Header = readonly (readonly [string, readonly Fact[]])[];

function headerFacts(run: QueryRow, traces: readonly Trace[]): Header {
  const text = (name: string): string => quote(String(run[name] ?? ""));
  const labelled = (label: string, name: string): Fact => ({
    text: text(name) === "" ? "" : `${label} ${text(name)}`,
  });
  const name = text("WorkflowName") === text("WorkflowId") ? "" : text("WorkflowName");
  const result = text("Result");
  const actorType = text("ActorType");
  return [
    [
      "workflow",
      [
        { text: text("WorkflowId") },
        { text: name && `(${name})` },
        labelled("version", "WorkflowVersion"),
      ],
    ],
    ["started", [{ text: showTime(String(run.StartedAt), "milliseconds") }]],
    [
      "started by",
      [{ text: text("ActorId") || "nobody named" }, { text: actorType && `(${actorType})` }],
    ],
    ["authorised", [{ text: text("Authorization") || "nothing recorded" }]],
    [
      "trigger",
      [
        { text: text("TriggerType") },
        labelled("from", "TriggerSource"),
        labelled("id", "TriggerId"),
      ],
    ],
    [
      "result",
      [
        { text: result, tone: toneOfResult(result) },
        { text: text("StatusMessage"), tone: "bad" },
      ],
    ],
    ["took", tookFacts(run, traces)],
    ["used", usedFacts(run)],
    ["tokens", [{ text: `${text("InputTokens")} in, ${text("OutputTokens")} out` }]],
    ["request", [{ text: text("RequestId") }]],
    ["conversation", [{ text: text("ConversationId") }]],
    ["service", [{ text: text("ServiceName") }, labelled("engine", "Engine")]],
    ["tags", [{ text: Array.isArray(run.Tags) ? run.Tags.map(line).join(", ") : "" }]],
  ];
}

function tookFacts(run: QueryRow, traces: readonly Trace[]): readonly Fact[] {
  const waitedMs = waits(traces).reduce((sum, wait) => sum + Math.max(0, wait), 0);
  const parts = Number(run.Segments ?? 1);
  const inParts = parts > 1 ? ` in ${parts} parts` : "";
  const waited = waitedMs > 0 ? `, of which ${showDuration(waitedMs)} waiting` : "";
  return [{ text: showDuration(Number(run.DurationMs)) + inParts + waited }];
}

function usedFacts(run: QueryRow): readonly Fact[] {
  const counts: readonly (readonly [string, string, string])[] = [
    ["Steps", "step", "steps"],
    ["AiCalls", "AI call", "AI calls"],
    ["Decisions", "decision", "decisions"],
    ["Tools", "tool call", "tool calls"],
    ["Actions", "action", "actions"],
    ["Approvals", "approval", "approvals"],
    ["Errors", "error", "errors"],
  ];
  const used = counts
    .map(([name, one, many]) => ({ count: Number(run[name] ?? 0), one, many }))
    .filter(({ count }) => count > 0)
    .map(({ count, one, many }) => `${count} ${count === 1 ? one : many}`);
  return [{ text: used.join(", ") }];
}

function renderTraces(traces: readonly Trace[], width: number, style: Style): readonly string[] {
  const startNs = Math.min(...traces.map(startOf));
  const between = waits(traces);
  const lines: string[] = [];
  for (const [index, trace] of traces.entries()) {
    const wait = between[index - 1];
    if (wait !== undefined) {
      const what = wait >= 0 ? `waited ${showDuration(wait)}, then resumed` : "meanwhile";
      lines.push("", style(`${" ".repeat(TIME_WIDTH + 2)}${what}`, "waiting"));
    }
    if (traces.length > 1) lines.push(style(`Trace ${line(trace.traceId)}`, "faint"));
    for (const row of trace.rows) lines.push(...renderRow(row, startNs, width, style));
  }
  return lines;
}

function renderRow(
  { row, depth }: TreeRow,
  startNs: number,
  width: number,
  style: Style,
): readonly string[] {
  const { mark, name, facts } = describeSpan(row);
  const offset = `+${showDuration((nanoseconds(row) - startNs) / NANOSECONDS_PER_MS)}`;
  const took = showDuration(Number(row.DurationMs));
  const indent = "  ".repeat(Math.min(depth, INDENT_LEVELS_MAX));
  const times = `${pad(offset, TIME_WIDTH, "right")}  ${pad(took, TIME_WIDTH, "right")}`;
  const first = `${times}  ${indent}${pad(mark, MARK_WIDTH, "left")}`;
  return wrapFacts(first, [{ text: name }, ...facts], first.length, width, style);
}

/** Milliseconds between the end of each trace and the start of the next; negative: they overlap. */
function waits(traces: readonly Trace[]): readonly number[] {
  return traces
    .slice(1)
    .map((trace, index) => (startOf(trace) - endOf(traces[index])) / NANOSECONDS_PER_MS);
}

function startOf(trace: Trace): number {
  return trace.rows.reduce((first, { row }) => Math.min(first, nanoseconds(row)), Infinity);
}

function endOf(trace: Trace | undefined): number {
  const ends = (trace?.rows ?? []).map(
    ({ row }) => nanoseconds(row) + Number(row.DurationMs) * NANOSECONDS_PER_MS,
  );
  return ends.reduce((last, end) => Math.max(last, end), -Infinity);
}

/** Nanoseconds since 1970; a double is exact to a quarter of a microsecond, enough for display. */
function nanoseconds(row: QueryRow): number {
  const text = String(row.Timestamp);
  const ms = Date.parse(`${text.slice(0, 19)}Z`);
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? "";
  return ms * NANOSECONDS_PER_MS + Number(fraction.padEnd(9, "0"));
}
