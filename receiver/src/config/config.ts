/**
 * The configuration of `spanledger serve`: environment and file, parsed once into one frozen object.
 *
 * In: the environment and, where named, a YAML file. Out: a `Config`. Reads that file only.
 * The environment wins over the file; an unknown key stops the start and names the nearest one.
 */
import { readFileSync } from "node:fs";
import { isIPv4, isIPv6 } from "node:net";
import { resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { StageError } from "../base/errors.ts";
import { didYouMean } from "../base/nearest.ts";

/** - `CONFIG_UNKNOWN_KEY`, `CONFIG_INVALID`, `CONFIG_UNREADABLE`; trying again does not help */
export type ConfigErrorCode = "CONFIG_UNKNOWN_KEY" | "CONFIG_INVALID" | "CONFIG_UNREADABLE";

export class ConfigError extends StageError<ConfigErrorCode> {
  constructor(code: ConfigErrorCode, message: string, cause?: unknown) {
    super(code, message, { retryable: false, cause });
  }
}

const port = z.coerce.number().int().min(0).max(65_535);

/** Smallest spool, in bytes (1 MiB): less does not hold one usual request. */
const SPOOL_MIN_BYTES = 1_048_576;

const LOOPBACK_MESSAGE =
  "must be a loopback address (127.0.0.1, ::1 or localhost): without ingest keys anyone who " +
  "reaches the port could write to the record";

const ORIGIN_MESSAGE =
  "must be an origin as browsers send it (https://host or https://host:port) or *";

/** What `serve` runs with. Keys of the file; as variables `SPANLEDGER_` and upper case with `_`. */
export interface Config {
  /** Address of every listener, loopback only. @default 127.0.0.1 */
  readonly host: string;
  /** Port of OTLP/gRPC; 0 picks a free one. @default 4317 */
  readonly otlpGrpcPort: number;
  /** Port of OTLP/HTTP; 0 picks a free one. @default 4318 */
  readonly otlpHttpPort: number;
  /** Port of the query API; 0 picks a free one. @default 8686 */
  readonly apiPort: number;
  /** Folder of the embedded engine and of the keys, absolute. @default .spanledger */
  readonly dataDir: string;
  /** URL of a ClickHouse server; undefined: the embedded engine. */
  readonly clickhouseUrl?: string | undefined;
  /** Port of the embedded engine; 0 picks a free one. @default 8123 */
  readonly clickhousePort: number;
  /** @default default */
  readonly clickhouseUser: string;
  /** Also protects the embedded engine, which needs none on loopback. @default empty */
  readonly clickhousePassword: string;
  /** User of the embedded engine that may only read, for dashboards. @default dashboards */
  readonly clickhouseReadonlyUser: string;
  /** Its password; must be set where `clickhousePassword` is, or there is no such user. */
  readonly clickhouseReadonlyPassword: string;
  /** Workspace of everything that is received. @default default */
  readonly workspace: string;
  /** Key of the redaction tokens, 32 bytes or more as base64 or hex; undefined: made and kept. */
  readonly redactionKey?: string | undefined;
  /**
   * Largest size of the spool, in bytes; beyond it senders are asked to come back.
   *
   * @default 8589934592 (8 GiB: twelve hours of a hundred spans a second while ClickHouse is down)
   */
  readonly spoolMaxBytes: number;
  /**
   * Origins of web pages that may send OTLP/HTTP from a browser, for example `https://shop.example`,
   * or `*` for all; as a variable with commas between. @default none
   */
  readonly corsOrigins: readonly string[];
  /** @default info */
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

const shape = {
  host: z.string().refine(isLoopback, LOOPBACK_MESSAGE).default("127.0.0.1"),
  otlpGrpcPort: port.default(4317),
  otlpHttpPort: port.default(4318),
  apiPort: port.default(8686),
  dataDir: z.string().min(1).default(".spanledger"),
  clickhouseUrl: z.url({ protocol: /^https?$/ }).optional(),
  clickhousePort: port.default(8123),
  clickhouseUser: z.string().min(1).default("default"),
  clickhousePassword: z.string().default(""),
  clickhouseReadonlyUser: z.string().min(1).default("dashboards"),
  clickhouseReadonlyPassword: z.string().default(""),
  workspace: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,128}$/, "must be 1 to 128 of A-Z a-z 0-9 . _ -")
    .default("default"),
  redactionKey: z.string().optional(),
  spoolMaxBytes: z.coerce.number().int().min(SPOOL_MIN_BYTES).default(8_589_934_592),
  corsOrigins: z.preprocess(
    (value) => (typeof value === "string" ? value.split(",").map((one) => one.trim()) : value),
    z.array(z.string().refine(isOrigin, ORIGIN_MESSAGE)).default([]),
  ),
  logLevel: z.enum(["debug", "info", "warn", "error"]).default("info"),
} as const;

const schema: z.ZodType<Config, Record<string, unknown>> = z.strictObject(shape);

const KEYS: readonly string[] = Object.keys(shape);

const PREFIX = "SPANLEDGER_";

/** Variables of the same prefix that others read: the CLI, the Collector, Grafana, the tests. */
const FOREIGN_VARIABLES =
  /^SPANLEDGER_(URL|TOKEN|CONFIG|OTLP_ENDPOINT|((COLLECTOR|DASHBOARDS|TEST|FUZZ)_[A-Z_]+)|REQUIRE_PEERS)$/;

/** Variables of the instrumentation, which may run in the same environment. */
const INSTRUMENTATION_VARIABLES =
  /^SPANLEDGER_(WORKFLOW|TRIGGER|ACTOR|CAPTURE|AUTHORIZATION|WORKSPACE_ID|TAGS|LOG|QUIET|DISABLED|REQUEST|RUN)(_[A-Z_]+)?$/;

/**
 * Read the configuration.
 *
 * @param env the environment, for example `process.env`
 * @param file path of a YAML file with the keys of {@link Config}
 * @throws {ConfigError} naming the key and the fix
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>>,
  file?: string,
): Config {
  const path = file ?? env.SPANLEDGER_CONFIG;
  const fromFile = path === undefined ? {} : readFile(path);
  const merged: Record<string, unknown> = { ...fromFile, ...readEnvironment(env) };
  const parsed = schema.safeParse(merged);
  if (!parsed.success) throw invalid(parsed.error);
  return Object.freeze({ ...parsed.data, dataDir: resolve(parsed.data.dataDir) });
}

function readFile(path: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new ConfigError("CONFIG_UNREADABLE", `${path} can't be read as YAML: ${cause}`, cause);
  }
  if (document === null || document === undefined) return {};
  if (typeof document !== "object" || Array.isArray(document)) {
    throw new ConfigError("CONFIG_INVALID", `${path} must hold keys and values`);
  }
  for (const key of Object.keys(document)) {
    if (!(key in shape)) throw unknownKey(key, KEYS, path);
  }
  return document as Record<string, unknown>;
}

function readEnvironment(env: Readonly<Record<string, string | undefined>>) {
  const keys = new Map(KEYS.map((key) => [variableOf(key), key]));
  const values: Record<string, string> = {};
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || value === undefined || value === "") continue;
    const key = keys.get(variable);
    if (key !== undefined) values[key] = value;
    else if (!FOREIGN_VARIABLES.test(variable) && !INSTRUMENTATION_VARIABLES.test(variable)) {
      throw unknownKey(variable, [...keys.keys()], "the environment");
    }
  }
  return values;
}

/** `otlpGrpcPort` → `SPANLEDGER_OTLP_GRPC_PORT`. */
function variableOf(key: string): string {
  return PREFIX + key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function unknownKey(key: string, known: readonly string[], where: string): ConfigError {
  return new ConfigError(
    "CONFIG_UNKNOWN_KEY",
    `${key} in ${where} is not a setting of spanledger${didYouMean(key, known)}`,
  );
}

function invalid(error: z.ZodError): ConfigError {
  const problems = error.issues.map((issue) => {
    const key = String(issue.path[0] ?? "");
    return `${key} (${variableOf(key)}): ${issue.message}`;
  });
  return new ConfigError("CONFIG_INVALID", problems.join("; "));
}

function isLoopback(host: string): boolean {
  if (host === "localhost") return true;
  if (isIPv4(host)) return host.startsWith("127.");
  return isIPv6(host) && host === "::1";
}

/** A browser's spelling: a path, a slash at the end or upper case would never match. */
function isOrigin(text: string): boolean {
  return text === "*" || (URL.canParse(text) && new URL(text).origin === text);
}
