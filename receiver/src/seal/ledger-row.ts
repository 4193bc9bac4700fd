/**
 * A sealed batch as a row of the ledger.
 *
 * In: its header in canonical form. Out: the row. Pure.
 */
import { LEDGER_DELETE_DAYS, type LedgerRow } from "@spanledger/schema";
import { decodeHeader, hashHeader, type Segment } from "./header.ts";

const MS_PER_DAY = 86_400_000;
const NS_PER_MS = 1_000_000n;

/** Latest second that a ClickHouse DateTime holds: 2106-02-07. */
const DATE_TIME_MAX_S = 4_294_967_295;

/** Build the row; the same header and time of closing give the same row. */
export function ledgerRow(bytes: Buffer, closedAtMs: number): LedgerRow {
  const header = decodeHeader(bytes);
  const expiresDay = Math.ceil(closedAtMs / MS_PER_DAY) + LEDGER_DELETE_DAYS;
  return {
    Origin: header.origin,
    Sequence: BigInt(header.sequence),
    BatchId: header.batchId,
    HeaderHash: hashHeader(bytes).toString("hex"),
    PreviousHeader: header.previous.toString("hex"),
    Header: bytes.toString("hex"),
    Segments: JSON.stringify(header.segments.map(describe)),
    Rows: header.segments.reduce((sum, { rows }) => sum + BigInt(rows), 0n),
    LostRecords: header.lostRecords,
    PolicyDigest: header.policyDigest.toString("hex"),
    ClosedAt: BigInt(closedAtMs) * NS_PER_MS,
    ExpiresAt: Math.min((expiresDay * MS_PER_DAY) / 1_000, DATE_TIME_MAX_S),
  };
}

/** Times as text: nanoseconds do not fit a JSON number. */
function describe(segment: Segment): object {
  return {
    segment: segment.number,
    workspace: segment.workspaceId,
    table: segment.table,
    class: segment.retentionClass,
    rows: segment.rows,
    missingRows: segment.missingRows,
    root: segment.root.toString("hex"),
    minTimeNs: String(segment.minTimeNs),
    maxTimeNs: String(segment.maxTimeNs),
    expiresAtS: segment.expiresAtS,
  };
}
