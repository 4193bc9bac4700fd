/**
 * Options of the embedded ClickHouse: their defaults, limits and what they must not be.
 *
 * In: what the caller asks for. Out: the configuration of a child process. Pure.
 */
import { resolve } from "node:path";
import { EmbeddedError } from "./errors.ts";
import { INSERT_BODY_MAX_BYTES, QUERIES_MAX, RESULT_MAX_BYTES } from "./limits.ts";
import type { ChildConfig, EmbeddedUser } from "./messages.ts";

/** What the supervisor tells its log. `fields` never hold content or secrets. */
export type EmbeddedLog = (
  level: "info" | "warn" | "error",
  event: EmbeddedEvent,
  fields: Readonly<Record<string, string | number | null>>,
) => void;

type EmbeddedEvent =
  | "clickhouse.ready"
  | "clickhouse.died"
  | "clickhouse.restart-failed"
  | "clickhouse.stopped";

export interface EmbeddedOptions {
  /** Directory of all of Spanledger's data; the engine's is `clickhouse` in it. */
  readonly dataDir: string;
  /** @default 0, a free one */
  readonly port?: number;
  /** @default "127.0.0.1"; another address needs a password */
  readonly host?: string;
  /** Password of the user `default`. @default none, as ClickHouse's own on loopback */
  readonly password?: string;
  /** A user that may only read, for dashboards. @default no such user */
  readonly readonlyUser?: EmbeddedUser;
  /** Queries that run at the same time. @default {@link QUERIES_MAX} */
  readonly queriesMax?: number;
  /** Largest result in bytes, as the engine holds it. @default {@link RESULT_MAX_BYTES} */
  readonly resultMaxBytes?: number;
  /** Largest insert body in bytes, decompressed. @default {@link INSERT_BODY_MAX_BYTES} */
  readonly insertBodyMaxBytes?: number;
  /** @default nothing is logged */
  readonly log?: EmbeddedLog;
}

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/;
/** The user that may do everything the grants allow. */
export const DEFAULT_USERNAME = "default";

function invalid(message: string): EmbeddedError {
  return new EmbeddedError("EMBEDDED_OPTIONS_INVALID", message, { retryable: false });
}

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw invalid(`${name} must be a positive integer`);
}

/**
 * Check options and fill in their defaults.
 *
 * @throws {EmbeddedError} `EMBEDDED_OPTIONS_INVALID`
 */
export function childConfig(options: EmbeddedOptions): ChildConfig {
  const { password, readonlyUser, host = "127.0.0.1", port = 0 } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalid("port must be 0 to 65535");
  const hasPassword = password !== undefined && password !== "";
  const readerIsOpen = readonlyUser !== undefined && (readonlyUser.password ?? "") === "";
  if (!LOOPBACK.test(host) && (!hasPassword || readerIsOpen)) {
    throw invalid("a host other than loopback needs a password for every user");
  }
  if (hasPassword && readerIsOpen) {
    throw invalid("readonlyUser needs a password when the default user has one");
  }
  if (readonlyUser?.username === "" || readonlyUser?.username === DEFAULT_USERNAME) {
    throw invalid("readonlyUser needs a name of its own");
  }
  const reader = readonlyUser && {
    username: readonlyUser.username,
    ...(readerIsOpen ? {} : { password: readonlyUser.password ?? "" }),
  };
  return {
    directory: resolve(options.dataDir, "clickhouse"),
    host,
    port,
    defaultUser: { username: DEFAULT_USERNAME, ...(hasPassword ? { password } : {}) },
    ...(reader === undefined ? {} : { readonlyUser: reader }),
    queriesMax: positive("queriesMax", options.queriesMax ?? QUERIES_MAX),
    resultMaxBytes: positive("resultMaxBytes", options.resultMaxBytes ?? RESULT_MAX_BYTES),
    insertBodyMaxBytes: positive(
      "insertBodyMaxBytes",
      options.insertBodyMaxBytes ?? INSERT_BODY_MAX_BYTES,
    ),
  };
}
