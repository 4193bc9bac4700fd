/**
 * Batches as the receiver inserts them, made by the shipped encoder.
 *
 * In: sizes. Out: bytes per table. Side effects: statements over HTTP.
 */
import { randomBytes } from "node:crypto";
import { BATCH_TABLES, type BatchTableName, DEFAULT_RETENTION_CLASS } from "@spanledger/schema";
import { firstPlace } from "../../receiver/src/classify/place.ts";
import { createEncoding } from "../../receiver/src/encode-request.ts";
import { createRedactor } from "../../receiver/src/redact/index.ts";
import { NativeBlockPool } from "../../receiver/src/store/native/pool.ts";
import { LoadTemplate } from "./load-template.ts";
import { requestOf } from "./shapes.ts";

/** Rows for one INSERT into each table. */
export interface EngineBatch {
  readonly token: string;
  readonly tables: readonly {
    readonly name: BatchTableName;
    readonly columns: string;
    readonly bytes: Buffer;
  }[];
}

/** Spans of a request. */
export const SPANS_PER_REQUEST = 512;

/** Different requests; the ids differ in all. */
const DIFFERENT_REQUESTS = 4;

const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Make batches of so many requests each. */
export function* engineBatches(requests: number, perInsert: number): Generator<EngineBatch> {
  const encodeOf = createEncoding(createRedactor({ key: new Uint8Array(32).fill(7) }));
  const templates = Array.from(
    { length: DIFFERENT_REQUESTS },
    (_, index) => new LoadTemplate(requestOf("genai", SPANS_PER_REQUEST, index + 1), index + 1),
  );
  let request = 0;
  while (request < requests) {
    const token = Array.from(randomBytes(26), (byte) => LETTERS[byte & 31]).join("");
    const place = firstPlace({
      batchId: token,
      workspaceId: "default",
      retentionClass: DEFAULT_RETENTION_CLASS,
      receivedAtMs: Date.now(),
    });
    const chunks: Buffer[][] = BATCH_TABLES.map(() => []);
    const nextRows = BATCH_TABLES.map(() => 0);
    for (let index = 0; index < perInsert && request < requests; index += 1) {
      const template = templates[request % DIFFERENT_REQUESTS];
      if (template === undefined) break;
      request += 1;
      template.patch(1, request, Date.now());
      const tables = place.tables.map((at, table) => ({ ...at, nextRow: nextRows[table] ?? 0 }));
      const body = template.bytes;
      const export_ = {
        body,
        signal: "traces",
        transport: "http",
        format: "protobuf",
        sizeBytes: body.length,
      } as const;
      for (const [table, rows] of encodeOf(export_)({ ...place, tables }).tables.entries()) {
        // They are valid until the next request only.
        chunks[table]?.push(Buffer.from(rows.bytes));
        nextRows[table] = (nextRows[table] ?? 0) + rows.rowEnds.length;
      }
    }
    yield {
      token,
      tables: BATCH_TABLES.map(({ name, columns }, table) => ({
        name,
        columns: Object.keys(columns)
          .map((column) => `\`${column}\``)
          .join(", "),
        bytes: Buffer.concat(chunks[table] ?? []),
      })).filter(({ bytes }) => bytes.length > 0),
    };
  }
}

/** Run a statement; `data` follows an INSERT. Rejects with the engine's words. */
export async function ask(
  url: string,
  query: string,
  settings: Readonly<Record<string, string>> = {},
  data: Buffer = Buffer.alloc(0),
): Promise<Buffer> {
  const parameters = new URLSearchParams({ query, async_insert: "0", ...settings });
  const answer = await fetch(`${url}/?${parameters}`, {
    method: "POST",
    body: new Uint8Array(data),
  });
  const body = Buffer.from(await answer.arrayBuffer());
  if (!answer.ok) throw new Error(body.toString());
  return body;
}

/** The same rows as the store sends them: blocks of columns. */
export function toNative(batches: readonly EngineBatch[]): readonly EngineBatch[] {
  const blocks = new NativeBlockPool();
  return batches.map(({ token, tables }) => ({
    token,
    tables: tables.map((table) => {
      const { columns } = BATCH_TABLES.find(({ name }) => name === table.name) ?? { columns: {} };
      const names = Object.keys(columns);
      const block = blocks.take(table.name, names);
      block.add(table.bytes);
      const bytes = Buffer.concat(block.pieces());
      blocks.give(table.name, names, block);
      return { ...table, bytes };
    }),
  }));
}
