/**
 * An ExportLogsServiceRequest, record by record.
 *
 * In: the decompressed body and a visitor. Out: what was refused, by the visitor too. Records are
 * handed over one by one, so that a request full of empty values is never in memory as objects.
 * Throws `IngestError`. Pure but for the visitor.
 */
import type { DecodedLog, Resource } from "../base/records.ts";
import { walkEnvelope } from "./envelope.ts";
import { type JsonLists, walkJson } from "./json.ts";
import { JSON_LEAVES } from "./json-leaves.ts";
import { readLog } from "./log.ts";
import { RejectionTally, readShared, type Shared, SpanRefusal } from "./rejections.ts";
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

const LOG_LISTS: JsonLists = {
  names: ["resourceLogs", "scopeLogs", "logRecords"],
  entriesName: "log records",
};

/** Read a request in OTLP/JSON. */
export function readLogsJson(body: Buffer, visit: VisitLog): RejectedSpans {
  const tally = new RejectionTally();
  let resource: Shared<Resource> = { value: { attributes: new Map() } };
  walkJson(body, LOG_LISTS, {
    resource: (raw) => {
      resource = readShared(() => readResource(JSON_LEAVES, raw));
    },
    // Nothing of it has a place in a row.
    scope: () => undefined,
    refuses: (records) => {
      if (!("refused" in resource)) return false;
      tally.add(resource.refused, records);
      return true;
    },
    entries: (raws) => {
      const shared = resource;
      if ("refused" in shared) return;
      for (const raw of raws) visitOne(tally, visit, () => readLog(JSON_LEAVES, raw, shared.value));
    },
  });
  return tally;
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
