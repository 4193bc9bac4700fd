/**
 * The directory of the embedded engine and the configuration that it starts with.
 *
 * In: the directory and the limits. Out: paths, and files written below that directory.
 *
 * | below the directory | holds |
 * |---|---|
 * | `engine/` | chDB's own path: metadata and the hot volume |
 * | `warm/`, `cold/` | the other volumes of the tiered policy |
 * | `spool/` | insert bodies while they arrive; emptied at start |
 * | `config/` | `config.xml` and `users.xml`, written anew at every start; no secrets |
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TIER_VOLUMES, TIERED_POLICY } from "@spanledger/schema";

export interface EnginePaths {
  readonly engine: string;
  readonly spool: string;
  readonly config: string;
}

/**
 * Priority of merges, as a nice value: with both processors busy they get a tenth of what a thread gets
 * that inserts, answers or takes requests.
 */
const MERGE_NICE = 10;

/** Only the owner may look inside: these are records of other people's work. */
const DIRECTORY_MODE = 0o700;

const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/**
 * What everybody who comes over HTTP may do. Missing on purpose: every source outside (FILE, URL,
 * S3, REMOTE, …), table engines that read or write them, dictionaries, user management, SYSTEM
 * SHUTDOWN and BACKUP. Engines without a source need no grant.
 */
const GRANTS = [
  "GRANT SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, " +
    "CREATE FUNCTION, DROP, UNDROP TABLE, TRUNCATE, OPTIMIZE, CHECK, KILL QUERY, " +
    "MOVE PARTITION BETWEEN SHARDS, SYSTEM DROP CACHE, SYSTEM MERGES, SYSTEM TTL MERGES, " +
    "SYSTEM MOVES, SYSTEM VIEWS, SYSTEM FLUSH, dictGet ON *.*",
  "GRANT SET DEFINER ON *",
  "GRANT TABLE ENGINE ON MergeTree",
];

function usersXml(resultMaxBytes: number): string {
  const grants = GRANTS.map((grant) => `<query>${grant}</query>`).join("\n        ");
  return `<clickhouse>
  <profiles><default>
    <async_insert>0</async_insert>
    <implicit_select>0</implicit_select>
    <allow_introspection_functions>0</allow_introspection_functions>
    <max_result_bytes>${resultMaxBytes}</max_result_bytes>
    <result_overflow_mode>throw</result_overflow_mode>
    <constraints>
      <max_result_bytes><min>1</min><max>${resultMaxBytes}</max></max_result_bytes>
    </constraints>
  </default></profiles>
  <quotas><default/></quotas>
  <users><default>
    <password></password>
    <networks><ip>::/0</ip></networks>
    <profile>default</profile>
    <quota>default</quota>
    <grants>
        ${grants}
    </grants>
  </default></users>
</clickhouse>
`;
}

function configXml(directory: string, usersPath: string): string {
  // The hot volume is the engine's own path, which ClickHouse calls the disk "default".
  const disks = TIER_VOLUMES.slice(1).map((volume) => {
    const path = escapeXml(join(directory, volume, "/"));
    return `<${volume}><type>local</type><path>${path}</path></${volume}>`;
  });
  const volumes = TIER_VOLUMES.map((volume, index) => {
    const disk = index === 0 ? "default" : volume;
    return `<${volume}><disk>${disk}</disk></${volume}>`;
  });
  return `<clickhouse>
  <logger><level>none</level></logger>
  <timezone>UTC</timezone>
  <display_name>spanledger</display_name>
  <os_threads_nice_value_merge_mutate>${MERGE_NICE}</os_threads_nice_value_merge_mutate>
  <users_config>${escapeXml(usersPath)}</users_config>
  <storage_configuration>
    <disks>${disks.join("")}</disks>
    <policies><${TIERED_POLICY}><volumes>${volumes.join("")}</volumes></${TIERED_POLICY}></policies>
  </storage_configuration>
  <merge_tree>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
    <min_rows_to_fsync_after_merge>1</min_rows_to_fsync_after_merge>
  </merge_tree>
</clickhouse>
`;
}

/** Make the directories and write the configuration. Running it twice changes nothing. */
export function prepareEngineFiles(directory: string, resultMaxBytes: number): EnginePaths {
  for (const name of ["", "engine", "spool", "config", ...TIER_VOLUMES.slice(1)]) {
    mkdirSync(join(directory, name), { recursive: true, mode: DIRECTORY_MODE });
  }
  const users = join(directory, "config", "users.xml");
  const config = join(directory, "config", "config.xml");
  writeFileSync(users, usersXml(resultMaxBytes), { mode: 0o600 });
  writeFileSync(config, configXml(directory, users), { mode: 0o600 });
  return { engine: join(directory, "engine"), spool: join(directory, "spool"), config };
}

/** Delete what a killed process left. Only once the engine holds the directory's lock. */
export function emptySpool(spool: string): void {
  for (const name of readdirSync(spool)) rmSync(join(spool, name), { force: true });
}
