/**
 * An ExportLogsServiceRequest, record by record.
 *
 * In: the decompressed body and a visitor. Out: what was refused, by the visitor too. Records are
 * handed over one by one, so that a request full of empty values is never in memory as objects.
 * Throws `IngestError`. Pure but for the visitor.
 */
import type { DecodedLog, Resource } from "../base/records.ts";
import { walkEnvelope } from "./envelope.ts";
import { IngestError } from "./errors.ts";
import { parseJson } from "./json.ts";
import { JSON_LEAVES } from "./json-leaves.ts";
import { REQUEST_SPANS_MAX } from "./limits.ts";
import { readLog } from "./log.ts";
import { RejectionTally, SpanRefusal } from "./rejections.ts";
import { readShared, type Shared } from "./request-builder.ts";
import { readResource } from "./span.ts";
import type { RejectedSpans, RejectionReason } from "./types.ts";
import { logOf, resourceOf } from "./wire-records.ts";

/** Takes a record, or says why not. */
export type VisitLog = (record: DecodedLog) => RejectionReason | undefined;

/** Read a request in protobuf. */
export function readLogsProtobuf(body: Buffer, visit: VisitLog): RejectedSpans {
  const tally = new RejectionTally();
  let resource: Shared<Resource> = { value: { attributes: new Map() } };
  walkEnvelope(body, {
    resource: (bytes) => {
      resource = readShared(() => resourceOf(bytes));
    },
    // Nothing of it has a place in a row.
    scope: () => undefined,
    refuses: (records) => {
      if (!("refused" in resource)) return false;
      tally.add(resource.refused, records);
      return true;
    },
    span: (from, to) => {
      const shared = resource;
      if ("refused" in shared) return;
      visitOne(tally, visit, () => logOf(body.subarray(from, to), shared.value));
    },
  });
  return tally;
}

/** Read a request in OTLP/JSON. */
export function readLogsJson(body: Buffer, visit: VisitLog): RejectedSpans {
  const leaves = JSON_LEAVES;
  const tally = new RejectionTally();
  let seen = 0;
  const request = leaves.message(parseJson(body), "the body");
  for (const entry of leaves.list(request.resourceLogs, "resourceLogs")) {
    const group = leaves.message(entry, "resourceLogs");
    const resource = readShared(() =>
      readResource(leaves, leaves.message(group.resource, "resource")),
    );
    for (const scopeEntry of leaves.list(group.scopeLogs, "scopeLogs")) {
      const { logRecords } = leaves.message(scopeEntry, "scopeLogs");
      const records = leaves.list(logRecords, "logRecords");
      seen += records.length;
      if (seen > REQUEST_SPANS_MAX) throw tooMany();
      if ("refused" in resource) {
        tally.add(resource.refused, records.length);
        continue;
      }
      for (const raw of records) {
        visitOne(tally, visit, () =>
          readLog(leaves, leaves.message(raw, "logRecords"), resource.value),
        );
      }
    }
  }
  return tally;
}

function tooMany(): IngestError {
  const message = `more than ${REQUEST_SPANS_MAX} log records in one request; send smaller batches`;
  return new IngestError("OTLP_TOO_MANY_VALUES", message);
}

function visitOne(tally: RejectionTally, visit: VisitLog, read: () => DecodedLog): void {
  let reason: RejectionReason | undefined;
  try {
    reason = visit(read());
  } catch (error) {
    if (!(error instanceof SpanRefusal)) throw error;
    reason = error.reason;
  }
  if (reason !== undefined) tally.add(reason);
}
