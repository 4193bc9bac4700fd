/**
 * The one way to ClickHouse: `@clickhouse/client` over HTTP, to a server or to the embedded engine.
 */
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { DATABASE } from "@spanledger/schema";

/** Below the keep-alive of ClickHouse (10 s since 24.x), so that a socket is never reused as it closes. */
const IDLE_SOCKET_TTL_MS = 2_500;

/** Longest time of one request, in milliseconds: above ClickHouse's slowest healthy insert. */
const REQUEST_TIMEOUT_MS = 120_000;

/** Sockets kept: inserts, queries of the API and their retries side by side. */
const CONNECTIONS_MAX = 16;

/** Where ClickHouse is and who asks. */
export interface ClickHouseTarget {
  /** Base URL of the HTTP interface, without credentials. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

/**
 * A client on a target.
 *
 * @param database `spanledger`, or another one while that does not exist yet
 */
export function connect(target: ClickHouseTarget, database: string = DATABASE): ClickHouseClient {
  return createClient({
    url: target.url,
    username: target.username,
    password: target.password,
    database,
    application: "spanledger",
    request_timeout: REQUEST_TIMEOUT_MS,
    max_open_connections: CONNECTIONS_MAX,
    keep_alive: { enabled: true, idle_socket_ttl: IDLE_SOCKET_TTL_MS },
    // Its errors reach the caller; its own lines would stand in the log beside ours, in another form.
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: { async_insert: 0, wait_end_of_query: 1 },
  });
}
