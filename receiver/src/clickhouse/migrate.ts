/**
 * Brings a ClickHouse to the schema's newest version.
 *
 * In: a target and the migration files. Out: the names of those applied now. Side effects: creates
 * the database, the journal table and what the files say. Safe to run again, also after a crash in
 * the middle: every statement creates only what is missing, and a file counts once it is journalled.
 */
import type { ClickHouseClient } from "@clickhouse/client";
import { DATABASE, type Migration, readMigrations, TIERED_POLICY } from "@spanledger/schema";
import { type ClickHouseTarget, connect } from "./client.ts";
import { MigrationError } from "./errors.ts";

const JOURNAL = "schema_migrations";

/** Used where the server has no tiered policy: rows still expire, they only never move. */
const PLAIN_POLICY = "default";

interface JournalRow {
  readonly Number: number;
  readonly Name: string;
  readonly Sha256: string;
}

/** What a run of the migrations did. */
export interface MigrationOutcome {
  /** Names of the migrations applied by this call, in order. */
  readonly applied: readonly string[];
  /** The storage policy of new tables: `spanledger_tiered`, or `default` where that is missing. */
  readonly storagePolicy: string;
}

/**
 * Apply what is missing.
 *
 * @throws {MigrationError} `MIGRATION_CHANGED`, `MIGRATION_MISSING`, `MIGRATION_FAILED`
 */
export async function migrate(
  target: ClickHouseTarget,
  migrations: readonly Migration[] = readMigrations(),
): Promise<MigrationOutcome> {
  await createDatabase(target);
  await using client = connect(target);
  await client.command({
    query: `CREATE TABLE IF NOT EXISTS ${JOURNAL}
      (Number UInt32, Name String, Sha256 String, AppliedAt DateTime DEFAULT now())
      ENGINE = MergeTree ORDER BY Number`,
  });
  const done = await journal(client);
  check(migrations, done);
  const storagePolicy = await findStoragePolicy(client);
  const applied: string[] = [];
  for (const migration of migrations.slice(done.length)) {
    await apply(client, migration, storagePolicy);
    applied.push(migration.name);
  }
  return { applied, storagePolicy };
}

/** Its own Atomic database: `default` is an Overlay on the embedded engine. */
async function createDatabase(target: ClickHouseTarget): Promise<void> {
  await using client = connect(target, "default");
  await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${DATABASE} ENGINE = Atomic` });
}

async function journal(client: ClickHouseClient): Promise<readonly JournalRow[]> {
  // A crash between two journal inserts can leave one row twice; it is the same row.
  const result = await client.query({
    query: `SELECT DISTINCT Number, Name, Sha256 FROM ${JOURNAL} ORDER BY Number`,
    format: "JSONEachRow",
  });
  return result.json<JournalRow>();
}

function check(migrations: readonly Migration[], done: readonly JournalRow[]): void {
  for (const [index, row] of done.entries()) {
    const file = migrations[index];
    if (file === undefined || file.number !== row.Number) {
      throw new MigrationError(
        "MIGRATION_MISSING",
        `the database has migration ${row.Name}, these files do not: run a version of spanledger ` +
          "at least as new as the one that wrote the database",
        { retryable: false },
      );
    }
    if (file.sha256 !== row.Sha256) {
      throw new MigrationError(
        "MIGRATION_CHANGED",
        `migration ${row.Name} was changed after it had been applied (applied sha256 ` +
          `${row.Sha256.slice(0, 12)}, file ${file.sha256.slice(0, 12)}): restore the file and add a new migration`,
        { retryable: false },
      );
    }
  }
}

async function findStoragePolicy(client: ClickHouseClient): Promise<string> {
  const result = await client.query({
    query: "SELECT 1 FROM system.storage_policies WHERE policy_name = {policy:String} LIMIT 1",
    query_params: { policy: TIERED_POLICY },
    format: "JSONEachRow",
  });
  return (await result.json()).length > 0 ? TIERED_POLICY : PLAIN_POLICY;
}

async function apply(
  client: ClickHouseClient,
  migration: Migration,
  storagePolicy: string,
): Promise<void> {
  for (const [index, statement] of migration.statements.entries()) {
    try {
      await client.command({ query: statement.replaceAll("{{storage_policy}}", storagePolicy) });
    } catch (cause) {
      throw new MigrationError(
        "MIGRATION_FAILED",
        `statement ${index + 1} of migration ${migration.name} failed: ${String(cause)}`,
        { retryable: true, cause },
      );
    }
  }
  await client.insert({
    table: JOURNAL,
    values: [{ Number: migration.number, Name: migration.name, Sha256: migration.sha256 }],
    format: "JSONEachRow",
  });
}
