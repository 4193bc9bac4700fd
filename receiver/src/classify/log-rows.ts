/**
 * Redacted log records to the rows of a batch.
 *
 * In: redacted log records and their place in the batch. Out: a payload row for each content, an
 * error row for each exception. Side effect: the rows grow. Columns that only the span knows (run,
 * where the record does not tell it, step, type of span) stay empty; the audit views look them up.
 */
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { attributeText } from "../base/attribute-text.ts";
import type { BatchPlace } from "../base/batch.ts";
import type { RedactedLog } from "../base/records.ts";
import { attemptOf, type BatchRows, noRows, placer } from "./rows.ts";

/** Collects the rows of log records that stand at a place in a batch. */
export class LogRows {
  readonly rows: BatchRows = noRows();
  /** Bytes of content so far. */
  sizeBytes = 0;
  readonly #workspaceId: string;
  readonly #placeIn: ReturnType<typeof placer>;

  constructor(place: BatchPlace) {
    this.#workspaceId = place.workspaceId;
    this.#placeIn = placer(place, this.rows);
  }

  /** Rows so far. */
  get count(): number {
    return this.rows.payloads.length + this.rows.errors.length;
  }

  add(log: RedactedLog): void {
    const text = (key: string): string => attributeText(log.attributes.get(key));
    const common = {
      Timestamp: log.timeNs,
      WorkspaceId: this.#workspaceId,
      RunId: text(WORKFLOW.runId),
      WorkflowId: text(WORKFLOW.id),
      TraceId: log.traceId,
      SpanId: log.spanId,
      SpanType: "",
      StepName: text(WORKFLOW.stepName),
    };
    for (const [name, value] of log.contents) {
      const content = attributeText(value);
      const sizeBytes = Buffer.byteLength(content);
      this.sizeBytes += sizeBytes;
      this.rows.payloads.push({
        ...common,
        Name: name,
        Content: content,
        SizeBytes: BigInt(sizeBytes),
        ...this.#placeIn("payloads"),
      });
    }
    if (!log.isError) return;
    this.rows.errors.push({
      ...common,
      SpanName: "",
      ServiceName: attributeText(log.resource.attributes.get(OTEL.serviceName)),
      Attempt: attemptOf(log.attributes),
      Type: text(OTEL.exceptionType) || text(OTEL.errorType),
      Message: text(OTEL.exceptionMessage),
      Fallback: text(WORKFLOW.stepFallback),
      ...this.#placeIn("errors"),
    });
  }
}
