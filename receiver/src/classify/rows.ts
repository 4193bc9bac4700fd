/**
 * Redacted spans to the rows of a batch.
 *
 * In: the redacted spans of one request, the batch's id and clock. Out: rows for every table a
 * batch writes; content is taken out of the span and referenced by its digest. Pure.
 */
import { createHash } from "node:crypto";
import {
  BATCH_TABLES,
  type BatchTableName,
  CONTENT_ATTRIBUTES,
  type DecisionRow,
  type ErrorRow,
  OTEL,
  PAYLOAD_REFERENCE_PREFIX,
  type PayloadRow,
  RETENTION_CLASSES,
  type RunRow,
  type SpanRow,
  WORKFLOW,
} from "@spanledger/schema";
import type { RedactedSpan } from "../base/records.ts";
import { attributeList, attributeNumber, attributeText, attributeTexts } from "./attributes.ts";
import { spanResult, spanType } from "./span-type.ts";

/** Longest attribute text kept in the span itself, in UTF-16 units (16 Ki). Longer goes to payloads. */
export const INLINE_ATTRIBUTE_LENGTH_MAX = 16_384;

const MS_PER_DAY = 86_400_000;

/** Latest second that a ClickHouse DateTime holds: 2106-02-07. */
const DATE_TIME_MAX_S = 4_294_967_295;

/** The rows of one batch, by table. */
export interface BatchRows {
  readonly spans: SpanRow[];
  readonly payloads: PayloadRow[];
  readonly runs: RunRow[];
  readonly decisions: DecisionRow[];
  readonly errors: ErrorRow[];
}

/** What is the same for all rows of a batch. */
export interface BatchFacts {
  /** ULID of the batch. */
  readonly batchId: string;
  /** The workspace that the sender is bound to; never taken from an attribute. */
  readonly workspaceId: string;
  /** Name of the retention class; a key of `RETENTION_CLASSES`. */
  readonly retentionClass: string;
  /** Time of arrival, in milliseconds since 1970. Ages count from here: a sender's clock may lie. */
  readonly receivedAtMs: number;
}

type Place = Pick<SpanRow, "BatchId" | "Segment" | "Row" | "RetentionClass" | "ExpiresAt">;

/**
 * Build the rows of a batch.
 *
 * @throws {RangeError} when the retention class is unknown
 */
export function rowsOf(spans: readonly RedactedSpan[], facts: BatchFacts): BatchRows {
  const rows: BatchRows = { spans: [], payloads: [], runs: [], decisions: [], errors: [] };
  const placeIn = placer(facts, rows);
  for (const span of spans) addSpan(span, rows, facts.workspaceId, placeIn);
  return rows;
}

/** Fix a row's place: its segment is its table's number, its row the count before it. */
function placer(facts: BatchFacts, rows: BatchRows): (table: BatchTableName) => Place {
  const ages = RETENTION_CLASSES[facts.retentionClass];
  if (ages === undefined) throw new RangeError(`unknown retention class ${facts.retentionClass}`);
  const segments = new Map(BATCH_TABLES.map((table, index) => [table.name, index]));
  return (table) => ({
    BatchId: facts.batchId,
    Segment: segments.get(table) ?? 0,
    Row: rows[table].length,
    RetentionClass: facts.retentionClass,
    ExpiresAt: expiresAt(facts.receivedAtMs, ages[table]?.deleteDays ?? 0),
  });
}

/** Rounded up to midnight UTC, so that a day's rows expire together and whole parts are dropped. */
function expiresAt(receivedAtMs: number, days: number): number {
  const day = Math.ceil(receivedAtMs / MS_PER_DAY) + days;
  return Math.min((day * MS_PER_DAY) / 1000, DATE_TIME_MAX_S);
}

function addSpan(
  span: RedactedSpan,
  rows: BatchRows,
  workspaceId: string,
  placeIn: (table: BatchTableName) => Place,
): void {
  const text = (key: string): string => attributeText(span.attributes.get(key));
  const type = spanType(span);
  const common = {
    WorkspaceId: workspaceId,
    RunId: text(WORKFLOW.runId),
    WorkflowId: text(WORKFLOW.id),
    TraceId: span.traceId,
    SpanId: span.spanId,
  };
  const step = { SpanType: type, StepName: text(WORKFLOW.stepName) };
  const attributes = attributeTexts(span.attributes);
  for (const [key, value] of attributes) {
    if (!isContent(key, value)) continue;
    const digest = createHash("sha256").update(value).digest("hex");
    rows.payloads.push({
      Timestamp: span.startNs,
      ...common,
      ...step,
      Name: key,
      Content: value,
      SizeBytes: BigInt(Buffer.byteLength(value)),
      Digest: digest,
      ...placeIn("payloads"),
    });
    attributes.set(key, PAYLOAD_REFERENCE_PREFIX + digest);
  }
  const result = spanResult(span, type);
  const serviceName = attributeText(span.resource.attributes.get(OTEL.serviceName));
  rows.spans.push({
    ...collectorColumns(span, attributes, serviceName),
    ...common,
    ...step,
    Result: result,
    Redactions: span.redactions,
    ...placeIn("spans"),
  });
  if (type === "run") {
    rows.runs.push({
      ...runColumns(span, text),
      ...common,
      Result: result,
      ServiceName: serviceName,
      ...placeIn("runs"),
    });
  }
  if (type === "decision") {
    rows.decisions.push({ ...decisionColumns(span, text), ...common, ...placeIn("decisions") });
  }
  if (span.statusCode === "Error") {
    rows.errors.push({
      ...errorColumns(span, text),
      ...common,
      ...step,
      ServiceName: serviceName,
      ...placeIn("errors"),
    });
  }
}

/** Content by name, or too long for a span; empty text is neither. */
function isContent(key: string, value: string): boolean {
  return (
    value !== "" && (CONTENT_ATTRIBUTES.has(key) || value.length > INLINE_ATTRIBUTE_LENGTH_MAX)
  );
}

function collectorColumns(
  span: RedactedSpan,
  attributes: ReadonlyMap<string, string>,
  serviceName: string,
) {
  return {
    Timestamp: span.startNs,
    ParentSpanId: span.parentSpanId,
    TraceState: span.traceState,
    SpanName: span.name,
    SpanKind: span.kind,
    ServiceName: serviceName,
    ResourceAttributes: attributeTexts(span.resource.attributes),
    ScopeName: span.scope.name,
    ScopeVersion: span.scope.version,
    SpanAttributes: attributes,
    Duration: span.endNs - span.startNs,
    StatusCode: span.statusCode,
    StatusMessage: span.statusMessage,
    "Events.Timestamp": span.events.map((event) => event.timeNs),
    "Events.Name": span.events.map((event) => event.name),
    "Events.Attributes": span.events.map((event) => attributeTexts(event.attributes)),
    "Links.TraceId": span.links.map((link) => link.traceId),
    "Links.SpanId": span.links.map((link) => link.spanId),
    "Links.TraceState": span.links.map((link) => link.traceState),
    "Links.Attributes": span.links.map((link) => attributeTexts(link.attributes)),
    ScopeAttributes: attributeTexts(span.scope.attributes),
    DroppedAttributes: span.droppedAttributes,
    DroppedEvents: span.droppedEvents,
    DroppedLinks: span.droppedLinks,
  };
}

function runColumns(span: RedactedSpan, text: (key: string) => string) {
  const userId = text(OTEL.userId);
  return {
    StartedAt: span.startNs,
    EndedAt: span.endNs,
    WorkflowName: text(OTEL.genAiWorkflowName),
    WorkflowVersion: text(WORKFLOW.version),
    StatusMessage: span.statusMessage,
    TriggerType: text(WORKFLOW.triggerType),
    TriggerSource: text(WORKFLOW.triggerSource),
    TriggerId: text(WORKFLOW.triggerId),
    ActorId: text(WORKFLOW.actorId) || userId,
    ActorType: text(WORKFLOW.actorType) || (userId === "" ? "" : "user"),
    Authorization: text(WORKFLOW.authorization),
    RequestId: text(WORKFLOW.requestId),
    ConversationId: text(OTEL.genAiConversationId),
    Engine: text(WORKFLOW.engine),
    Tags: attributeList(span.attributes.get(WORKFLOW.tags)),
    DefinitionSha256: text(WORKFLOW.definitionSha256),
    ResumesTraceId: span.links[0]?.traceId ?? "",
  };
}

function decisionColumns(span: RedactedSpan, text: (key: string) => string) {
  const options = attributeList(span.attributes.get(WORKFLOW.decisionOptions));
  const selected = attributeList(span.attributes.get(WORKFLOW.decisionSelected));
  const skipped = span.attributes.get(WORKFLOW.decisionSkipped);
  return {
    Timestamp: span.startNs,
    DecisionId: text(WORKFLOW.decisionId),
    Name: text(WORKFLOW.decisionName),
    Type: text(WORKFLOW.decisionType),
    SourceStep: text(WORKFLOW.decisionSourceStep),
    Condition: text(WORKFLOW.decisionCondition),
    Options: options,
    Selected: selected,
    Skipped:
      skipped === undefined
        ? options.filter((option) => !selected.includes(option))
        : attributeList(skipped),
    DefaultTaken: text(WORKFLOW.decisionDefaultTaken) === "true",
    Reason: text(WORKFLOW.decisionReason),
    Confidence: attributeNumber(span.attributes.get(WORKFLOW.decisionConfidence)),
  };
}

function errorColumns(span: RedactedSpan, text: (key: string) => string) {
  const exception = span.events.find((event) => event.name === "exception")?.attributes;
  const attempt = attributeNumber(span.attributes.get(WORKFLOW.stepAttempt)) ?? 0;
  return {
    Timestamp: span.startNs,
    SpanName: span.name,
    Attempt: Number.isInteger(attempt) && attempt >= 0 && attempt <= 0xffff ? attempt : 0,
    Type: text(OTEL.errorType) || attributeText(exception?.get(OTEL.exceptionType)),
    Message: span.statusMessage || attributeText(exception?.get(OTEL.exceptionMessage)),
    Fallback: text(WORKFLOW.stepFallback),
  };
}
