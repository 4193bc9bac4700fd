/**
 * Keeps the tables' TTL rules in step with the retention classes.
 *
 * In: the classes. Out: the tables whose rules were changed. Side effect: `ALTER TABLE … MODIFY TTL`
 * where the rule differs. Rows are deleted by their own `ExpiresAt`, fixed when they were written;
 * only the moves between volumes follow the classes as they are now.
 */
import type { ClickHouseClient } from "@clickhouse/client";
import { BATCH_TABLES, RETENTION_CLASSES, TIERED_POLICY } from "@spanledger/schema";

/** Column of the record's time, where it is not `Timestamp`. */
const TIME_COLUMNS: Readonly<Record<string, string>> = { runs: "StartedAt" };

/**
 * Apply the moves hot → warm → cold to every table on the tiered policy.
 *
 * @returns names of the tables whose TTL was changed by this call
 */
export async function applyRetention(client: ClickHouseClient): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const { name } of BATCH_TABLES) {
    const current = await tableState(client, name);
    if (current.storage_policy !== TIERED_POLICY) continue;
    const ttl = ttlOf(name);
    if (await isSameTtl(client, current.create_table_query, ttl)) continue;
    await client.command({
      query: `ALTER TABLE ${name} MODIFY TTL ${ttl} SETTINGS materialize_ttl_after_modify = 0`,
    });
    changed.push(name);
  }
  return changed;
}

/** The TTL clause of a table, for example `toDateTime(Timestamp) + … TO VOLUME 'warm', …, ExpiresAt`. */
export function ttlOf(table: string): string {
  const time = `toDateTime(${TIME_COLUMNS[table] ?? "Timestamp"})`;
  const move = (field: "hotDays" | "warmDays", volume: string): string =>
    `${time} + toIntervalDay(${ageByClass(table, field)}) TO VOLUME '${volume}'`;
  return [move("hotDays", "warm"), move("warmDays", "cold"), "ExpiresAt"].join(", ");
}

function ageByClass(table: string, field: "hotDays" | "warmDays"): string {
  const classes = Object.entries(RETENTION_CLASSES);
  const names = classes.map(([name]) => `'${name}'`);
  const ages = classes.map(([, tables]) => tables[table]?.[field] ?? 0);
  // A class that is no longer configured keeps its rows hot as long as the slowest one.
  return `transform(RetentionClass, [${names.join(", ")}], [${ages.join(", ")}], ${Math.max(...ages)})`;
}

interface TableState {
  readonly create_table_query: string;
  readonly storage_policy: string;
}

async function tableState(client: ClickHouseClient, table: string): Promise<TableState> {
  const result = await client.query({
    query: `SELECT create_table_query, storage_policy FROM system.tables
      WHERE database = currentDatabase() AND name = {table:String}`,
    query_params: { table },
    format: "JSONEachRow",
  });
  const [state] = await result.json<TableState>();
  if (state === undefined) throw new Error(`table ${table} is missing: run the migrations first`);
  return state;
}

/** Compare as ClickHouse writes it, whatever its spacing and brackets. */
async function isSameTtl(client: ClickHouseClient, create: string, ttl: string): Promise<boolean> {
  const result = await client.query({
    query: "SELECT formatQuerySingleLine({query:String}) AS text",
    query_params: { query: `ALTER TABLE t MODIFY TTL ${ttl}` },
    format: "JSONEachRow",
  });
  const [formatted] = await result.json<{ text: string }>();
  const wanted = plain(formatted?.text.replace(/^.*?MODIFY TTL/s, "") ?? "");
  return plain(create).includes(`TTL${wanted}SETTINGS`);
}

function plain(sql: string): string {
  return sql.replaceAll(/[\s()]/g, "");
}
