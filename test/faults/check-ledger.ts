/**
 * The checker's part for the ledger: positions, chain, and each segment's rows and root.
 *
 * In: a client on the database after the receiver has stopped. Out: problems. Reads only. Headers
 * and trees are computed here by themselves, not by the code that made them.
 * Source: RFC 6962, section 2.1; leaves as an auditor makes them inside ClickHouse.
 */
import { hash } from "node:crypto";
import type { ClickHouseClient } from "@clickhouse/client";
import { BATCH_TABLES, LEDGER } from "@spanledger/schema";
import { select } from "../fixtures/engine.ts";
import type { Problem } from "./check.ts";

/** Problems of one kind that are told one by one. */
const EXAMPLES_MAX = 3;

const HASH_BYTES = 32;
const BATCH_ID_BYTES = 26;
/** A leaf in the answer: batch id, segment (u16), leaf hash. */
const ENTRY_BYTES = BATCH_ID_BYTES + 2 + HASH_BYTES;

const NO_PREVIOUS = "0".repeat(2 * HASH_BYTES);

interface LedgerEntry {
  readonly Origin: string;
  readonly Sequence: string;
  readonly BatchId: string;
  readonly HeaderHash: string;
  readonly PreviousHeader: string;
  readonly Header: string;
  readonly Segments: string;
  readonly Rows: string;
  readonly LostRecords: number;
}

interface LedgerSegment {
  readonly segment: number;
  readonly table: string;
  readonly rows: number;
  readonly missingRows: number;
  readonly root: string;
}

/** Check the ledger against itself and against the tables. */
export async function checkLedger(client: ClickHouseClient): Promise<Problem[]> {
  const tables = await select<{ name: string }>(
    client,
    `SELECT name FROM system.tables WHERE database = currentDatabase() AND name = '${LEDGER.name}'`,
  );
  if (tables.length === 0) return [{ code: "LEDGER_MISSING", text: "there is no ledger" }];
  const entries = await select<LedgerEntry>(
    client,
    `SELECT * FROM ${LEDGER.name} ORDER BY Origin, Sequence`,
  );
  const wrong = [...checkChain(entries), ...(await checkSegments(client, entries))];
  if (wrong.length === 0) return [];
  const text = `${wrong.length} faults in the ledger: ${wrong.slice(0, EXAMPLES_MAX).join("; ")}`;
  return [{ code: "LEDGER_WRONG", text }];
}

/** Positions from 0 without holes or doubles; each header hashes to its hash and names the one before. */
function checkChain(entries: readonly LedgerEntry[]): string[] {
  const wrong: string[] = [];
  const batches = new Set<string>();
  let before: LedgerEntry | undefined;
  for (const entry of entries) {
    const follows = before?.Origin === entry.Origin ? before : undefined;
    const place = `position ${entry.Sequence}`;
    const expected = follows === undefined ? 0n : BigInt(follows.Sequence) + 1n;
    if (BigInt(entry.Sequence) !== expected) wrong.push(`${place} stands where ${expected} should`);
    if (entry.PreviousHeader !== (follows?.HeaderHash ?? NO_PREVIOUS)) {
      wrong.push(`${place} does not name the header before it`);
    }
    const header = Buffer.concat([Buffer.from([0]), Buffer.from(entry.Header, "hex")]);
    if (hash("sha256", header) !== entry.HeaderHash) wrong.push(`${place} has another hash`);
    if (batches.has(entry.BatchId)) wrong.push(`batch ${entry.BatchId} is there twice`);
    if (entry.LostRecords !== 0) wrong.push(`${place} lost ${entry.LostRecords} records`);
    batches.add(entry.BatchId);
    before = entry;
  }
  return wrong;
}

/** Each segment of the ledger is in its table, whole and unchanged, and nothing else is. */
async function checkSegments(
  client: ClickHouseClient,
  entries: readonly LedgerEntry[],
): Promise<string[]> {
  const wrong: string[] = [];
  const described = new Map<string, LedgerSegment[]>();
  for (const entry of entries) {
    described.set(entry.BatchId, JSON.parse(entry.Segments) as LedgerSegment[]);
  }
  for (const { name, columns } of BATCH_TABLES) {
    const leaves = await leavesOf(client, name, Object.keys(columns));
    for (const [batchId, segments] of described) {
      for (const { segment, rows, missingRows, root } of segments.filter(
        ({ table }) => table === name,
      )) {
        const key = `${batchId} ${segment}`;
        const stored = leaves.get(key) ?? [];
        leaves.delete(key);
        const place = `batch ${batchId}, table ${name}`;
        if (missingRows !== 0) wrong.push(`${place}: ${missingRows} rows are missing`);
        if (stored.length !== rows) {
          wrong.push(`${place}: ${stored.length} rows are stored and ${rows} are in the ledger`);
        } else if (rootOf(stored).toString("hex") !== root) {
          wrong.push(`${place}: the rows have another root`);
        }
      }
    }
    for (const key of leaves.keys()) wrong.push(`table ${name}: the ledger does not know ${key}`);
  }
  return wrong;
}

/** Leaf hashes by batch and segment, in the order of the rows. */
async function leavesOf(
  client: ClickHouseClient,
  table: string,
  columns: readonly string[],
): Promise<Map<string, Buffer[]>> {
  const list = columns.map((name) => `\`${name}\``).join(", ");
  const { stream } = await client.exec({
    query: `SELECT toFixedString(BatchId, ${BATCH_ID_BYTES}), Segment,
        SHA256(concat(char(0), formatRow('RowBinary', ${list})))
      FROM ${table} ORDER BY BatchId, Segment, Row FORMAT RowBinary`,
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const leaves = new Map<string, Buffer[]>();
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
    const batchId = bytes.toString("latin1", at, at + BATCH_ID_BYTES);
    const key = `${batchId} ${bytes.readUInt16LE(at + BATCH_ID_BYTES)}`;
    const leaf = bytes.subarray(at + ENTRY_BYTES - HASH_BYTES, at + ENTRY_BYTES);
    const segment = leaves.get(key);
    if (segment === undefined) leaves.set(key, [leaf]);
    else segment.push(leaf);
  }
  return leaves;
}

/** The root of a tree, by the definition: split at the largest power of two below its size. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return hash("sha256", "", "buffer");
  if (leaves.length === 1) return only;
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1));
  const [left, right] = [rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split))];
  return hash("sha256", Buffer.concat([Buffer.from([1]), left, right]), "buffer");
}
