/**
 * The way of a request through the stages: redact → classify → store → acknowledge.
 *
 * In: decoded requests. Out: an outcome, only once the rows are committed. One request is one
 * batch; its deduplication token is made of the request's bytes, so that an exporter's retry, also
 * after a restart of this process, is stored once.
 */
import { ulid } from "ulid";
import { type BatchFacts, firstPlace } from "./classify/place.ts";
import { rowsOf } from "./classify/rows.ts";
import type { ExportOutcome, TraceHandler, TraceRequest } from "./otlp/types.ts";
import type { Redactor } from "./redact/index.ts";
import type { Store } from "./store/writer.ts";

/** What a pipeline is made of. */
export interface PipelineParts {
  readonly redactor: Redactor;
  readonly store: Store;
  /** Workspace of everything that comes in. */
  readonly workspaceId: string;
  readonly retentionClass: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const DONE: ExportOutcome = { rejectedSpans: 0, message: "" };

/** A handler for both OTLP servers. */
export function createPipeline(parts: PipelineParts): TraceHandler {
  // A client that gave up waiting sends the same bytes again while the first try is still under way.
  const underWay = new Map<string, Promise<void>>();
  return async (request) => {
    if (request.spans.length === 0) return DONE;
    // Not across transports: no exporter changes its transport between two tries.
    const token = `${parts.workspaceId}:${request.transport}:${request.format}:${request.digest}`;
    const writing = underWay.get(token) ?? write(request, token, parts);
    underWay.set(token, writing);
    try {
      await writing;
    } finally {
      underWay.delete(token);
    }
    return DONE;
  };
}

async function write(request: TraceRequest, token: string, parts: PipelineParts): Promise<void> {
  const receivedAtMs = parts.now();
  const facts: BatchFacts = {
    batchId: ulid(receivedAtMs),
    workspaceId: parts.workspaceId,
    retentionClass: parts.retentionClass,
    receivedAtMs,
  };
  const redacted = request.spans.map((span) => parts.redactor.span(span));
  await parts.store.write(rowsOf(redacted, firstPlace(facts)), token);
}
