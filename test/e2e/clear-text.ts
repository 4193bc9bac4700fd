/**
 * Searches for clear text in everything a server left behind.
 *
 * In: the words, the data folder, a ClickHouse. Out: where each was found. Raw bytes first; as the
 * engine compresses its columns, the text of every column of every table too.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClickHouseClient } from "@clickhouse/client";
import { select } from "../fixtures/engine.ts";

/** `place: word` for every word in any file below the folder. */
export async function findInFiles(dir: string, words: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found.push(...findInBytes(path, await readFile(path), words));
  }
  return found;
}

/** `place: word` for every word in some bytes, also as UTF-16. */
export function findInBytes(place: string, bytes: Buffer, words: readonly string[]): string[] {
  return words
    .filter((word) => bytes.includes(word) || bytes.includes(Buffer.from(word, "utf16le")))
    .map((word) => `${place}: ${word}`);
}

/** `table: word` for every word in any column of any table of a database. */
export async function findInTables(
  client: ClickHouseClient,
  words: readonly string[],
): Promise<string[]> {
  const tables = await select<{ name: string }>(
    client,
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'",
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const result = await client.query({ query: `SELECT * FROM ${name}`, format: "JSONEachRow" });
    const text = await result.text();
    // As JSON once and twice unescaped: content is often JSON in a string.
    const plain = text.replaceAll("\\", "");
    found.push(
      ...words.filter((word) => plain.includes(word)).map((word) => `table ${name}: ${word}`),
    );
  }
  return found;
}
