/**
 * The server that the contract tests talk to: the embedded one, or the one that
 * `SPANLEDGER_TEST_CLICKHOUSE_URL` names (credentials in the URL).
 *
 * Out: its address and an empty database of its own, dropped at the end.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import {
  type EmbeddedOptions,
  startEmbeddedClickHouse,
} from "../../receiver/src/clickhouse/embedded/supervisor.ts";

/** Errors are what many tests are about: the client need not print them. */
export const QUIET: { level: ClickHouseLogLevel } = { level: ClickHouseLogLevel.OFF };

export interface TestServer {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  /** Where its files are; undefined for a server elsewhere. */
  readonly dataDir: string | undefined;
  client(): ClickHouseClient;
  stop(): Promise<void>;
}

export const EXTERNAL_URL: string | undefined = process.env.SPANLEDGER_TEST_CLICKHOUSE_URL;

export async function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), "spanledger-contract-"));
}

async function startEither(dataDir: string | undefined, options: Partial<EmbeddedOptions>) {
  if (dataDir !== undefined) return startEmbeddedClickHouse({ dataDir, ...options });
  const url = new URL(EXTERNAL_URL ?? "");
  const { username, password } = url;
  return {
    url: url.origin,
    username: decodeURIComponent(username) || "default",
    password: decodeURIComponent(password),
    stop: () => Promise.resolve(),
  };
}

/** Start the server that is to be tested and make a database. */
export async function startTestServer(options: Partial<EmbeddedOptions> = {}): Promise<TestServer> {
  const dataDir = EXTERNAL_URL === undefined ? await temporaryDirectory() : undefined;
  const started = await startEither(dataDir, options);
  const { url, username, password } = started;
  const database = `contract_${randomBytes(6).toString("hex")}`;
  const client = (name?: string): ClickHouseClient =>
    createClient({
      url,
      username,
      password,
      log: QUIET,
      ...(name === undefined ? {} : { database: name }),
    });
  const admin = client();
  await admin.command({ query: `CREATE DATABASE ${database} ENGINE = Atomic` });
  return {
    url,
    username,
    password,
    database,
    dataDir,
    client: () => client(database),
    stop: async () => {
      await admin.command({ query: `DROP DATABASE ${database} SYNC` });
      await admin.close();
      await started.stop();
      if (dataDir !== undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly text: string;
}

export interface HttpQuery {
  readonly method?: string;
  readonly path?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** One request with exactly these headers and bytes. */
export function http(base: string, query: HttpQuery): Promise<HttpReply> {
  const url = new URL(query.path ?? "/", base);
  for (const [name, value] of Object.entries(query.parameters ?? {})) {
    url.searchParams.set(name, value);
  }
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: query.method ?? "POST", headers: query.headers },
      (reply) => {
        const chunks: Buffer[] = [];
        reply.on("data", (chunk: Buffer) => chunks.push(chunk));
        reply.on("error", reject);
        reply.on("end", () => {
          const body = Buffer.concat(chunks);
          const { statusCode = 0, headers } = reply;
          resolve({ status: statusCode, headers, body, text: body.toString("utf8") });
        });
      },
    );
    sent.on("error", reject);
    // Bytes: Node would encode the headers like a body that is a string.
    sent.end(Buffer.from(query.body ?? ""));
  });
}

/** The longest that a test waits for a condition, in milliseconds. */
const CONDITION_MAX_MS = 20_000;
const CONDITION_PAUSE_MS = 20;

/** Wait until `probe` gives something else than undefined or false. */
export async function until<Value>(
  what: string,
  probe: () => Promise<Value | undefined | false>,
): Promise<Value> {
  const end = performance.now() + CONDITION_MAX_MS;
  while (performance.now() < end) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, CONDITION_PAUSE_MS));
  }
  throw new Error(`never true: ${what}`);
}
