/**
 * Queries about content: what went into a run and what came out of it, redacted.
 */
import { OTEL, VIEWS, WORKFLOW } from "@spanledger/schema";
import {
  type AuditQuery,
  PAGE_ROWS_DEFAULT,
  type QueryColumn,
  type QueryParameter,
} from "../types.ts";
import { RUN, STEP, WHERE } from "./parameters.ts";

/** Payloads of one run when the caller names no limit: a run has a few for each of its steps. */
const CONTENT_ROWS_DEFAULT = 1_000;

const INPUT_NAMES: readonly string[] = [
  OTEL.httpRequestBody,
  WORKFLOW.stepInput,
  OTEL.genAiSystemInstructions,
  OTEL.genAiInputMessages,
  OTEL.genAiToolDefinitions,
  OTEL.genAiToolCallArguments,
  WORKFLOW.decisionInputs,
];

const OUTPUT_NAMES: readonly string[] = [
  WORKFLOW.stepOutput,
  OTEL.genAiOutputMessages,
  OTEL.genAiToolCallResult,
];

const NAME: QueryParameter = {
  name: "name",
  type: "text",
  required: false,
  default: "",
  description: `only this kind of content, such as ${OTEL.genAiInputMessages}`,
};

const COLUMNS: readonly QueryColumn[] = [
  { name: "Timestamp", kind: "instant", label: "Time" },
  { name: "StepName", kind: "text", label: "Step" },
  { name: "SpanType", kind: "text", label: "Of" },
  { name: "Name", kind: "text" },
  { name: "SizeBytes", kind: "count", label: "Bytes" },
  { name: "Content", kind: "content" },
  { name: "RunId", kind: "id", tableHidden: true },
  { name: "TraceId", kind: "id", tableHidden: true },
  { name: "SpanId", kind: "id", tableHidden: true },
];

/** @param names attribute names to keep; constants of the schema, none of them from outside */
function contentSql(names: readonly string[], more = ""): string {
  const list = names.map((name) => `'${name}'`).join(", ");
  const only = names.length === 0 ? "" : `\n    AND Name IN (${list})`;
  return `SELECT Timestamp, StepName, SpanType, Name, SizeBytes, Content, RunId,
    TraceId, SpanId
FROM ${VIEWS.auditPayloads}
WHERE ${WHERE.workspace} AND ${WHERE.run} AND ${WHERE.step}${only}${more}
ORDER BY Timestamp, SpanId, Name
LIMIT {limit:UInt32}`;
}

const INPUTS: AuditQuery = {
  name: "inputs",
  title: "Inputs of a run",
  description:
    "Everything that went into one run: request, steps, prompts, tool arguments; redacted.",
  question: "With which data did this run work?",
  parameters: [RUN, STEP],
  columns: COLUMNS,
  defaultLimit: CONTENT_ROWS_DEFAULT,
  sql: contentSql(INPUT_NAMES),
};

const OUTPUTS: AuditQuery = {
  name: "outputs",
  title: "Outputs of a run",
  description: "Everything that came out in one run: of steps, models and tools; redacted.",
  question: "What did the models, tools and steps of this run answer?",
  parameters: [RUN, STEP],
  columns: COLUMNS,
  defaultLimit: CONTENT_ROWS_DEFAULT,
  sql: contentSql(OUTPUT_NAMES),
};

const PAYLOADS: AuditQuery = {
  name: "payloads",
  title: "All content of a run",
  description: "Every piece of content that was taken out of the spans of one run; redacted.",
  question: "What content of this run is kept, and with which digest?",
  parameters: [RUN, STEP, NAME],
  columns: COLUMNS,
  defaultLimit: PAGE_ROWS_DEFAULT,
  sql: contentSql([], "\n    AND ({name:String} = '' OR Name = {name:String})"),
};

/** Queries about content. */
export const CONTENT_QUERIES: readonly AuditQuery[] = [INPUTS, OUTPUTS, PAYLOADS];
