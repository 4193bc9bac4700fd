/**
 * Redacted spans to the rows of a batch.
 *
 * In: redacted spans and their place in the batch. Out: rows for every table a batch writes; content
 * is taken out of the span and referenced by its size. Pure.
 */
import {
  BATCH_TABLES,
  type BatchTableName,
  CONTENT_ATTRIBUTES,
  type DecisionRow,
  type ErrorRow,
  OTEL,
  PAYLOAD_REFERENCE_PREFIX,
  type PayloadRow,
  type RunRow,
  type SpanRow,
  WORKFLOW,
} from "@spanledger/schema";
import {
  attributeList,
  attributeNumber,
  attributeText,
  attributeTexts,
} from "../base/attribute-text.ts";
import type { BatchPlace } from "../base/batch.ts";
import type { AttributeMap, RedactedSpan } from "../base/records.ts";
import { EXCEPTION_EVENT, INLINE_SIZE_MAX_BYTES } from "../base/span-rules.ts";
import { spanResult, spanType } from "./span-type.ts";

/** The rows of one batch, by table. */
export interface BatchRows {
  readonly spans: SpanRow[];
  readonly payloads: PayloadRow[];
  readonly runs: RunRow[];
  readonly decisions: DecisionRow[];
  readonly errors: ErrorRow[];
}

/** Rows of nothing yet. */
export function noRows(): BatchRows {
  return { spans: [], payloads: [], runs: [], decisions: [], errors: [] };
}

/** Where a row stands. */
export type Place = Pick<SpanRow, "BatchId" | "Segment" | "Row" | "RetentionClass" | "ExpiresAt">;

/** Build the rows of spans that stand at a place in a batch. */
export function rowsOf(spans: Iterable<RedactedSpan>, place: BatchPlace): BatchRows {
  const rows = noRows();
  const placeIn = placer(place, rows);
  for (const span of spans) addSpan(span, rows, place.workspaceId, placeIn);
  return rows;
}

/** Fix the place of a table's next row. */
export function placer(place: BatchPlace, rows: BatchRows): (table: BatchTableName) => Place {
  const tables = new Map(BATCH_TABLES.map(({ name }, index) => [name, place.tables[index]]));
  return (table) => {
    const at = tables.get(table);
    if (at === undefined) throw new RangeError(`the batch has no place for table ${table}`);
    return {
      BatchId: place.batchId,
      Segment: at.segment,
      Row: at.nextRow + rows[table].length,
      RetentionClass: place.retentionClass,
      ExpiresAt: at.expiresAtS,
    };
  };
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
    const sizeBytes = Buffer.byteLength(value);
    rows.payloads.push({
      Timestamp: span.startNs,
      ...common,
      ...step,
      Name: key,
      Content: value,
      SizeBytes: BigInt(sizeBytes),
      ...placeIn("payloads"),
    });
    attributes.set(key, `${PAYLOAD_REFERENCE_PREFIX}${sizeBytes}`);
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
  if (value === "") return false;
  return CONTENT_ATTRIBUTES.has(key) || Buffer.byteLength(value) > INLINE_SIZE_MAX_BYTES;
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
    Flags: span.flags,
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
  const exception = span.events.find((event) => event.name === EXCEPTION_EVENT)?.attributes;
  return {
    Timestamp: span.startNs,
    SpanName: span.name,
    Attempt: attemptOf(span.attributes),
    Type: text(OTEL.errorType) || attributeText(exception?.get(OTEL.exceptionType)),
    Message: span.statusMessage || attributeText(exception?.get(OTEL.exceptionMessage)),
    Fallback: text(WORKFLOW.stepFallback),
  };
}

/** The number of a try; 0 where it is none that the column holds. */
export function attemptOf(attributes: AttributeMap): number {
  const attempt = attributeNumber(attributes.get(WORKFLOW.stepAttempt)) ?? 0;
  return Number.isInteger(attempt) && attempt >= 0 && attempt <= 0xffff ? attempt : 0;
}
