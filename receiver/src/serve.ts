/**
 * `spanledger serve`: starts the engine, brings the schema up to date, opens the listeners.
 *
 * In: a configuration. Out: a running server. Side effects: the data folder, listeners on loopback,
 * a child process for the embedded engine. Everything started is stopped again, newest first, also
 * when a later part fails to start.
 */
import { createHmac, hash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DEFAULT_RETENTION_CLASS } from "@spanledger/schema";
import { startApi } from "./api/server.ts";
import { StageError } from "./base/errors.ts";
import { watchEventLoop } from "./base/event-loop.ts";
import { tuneHeap } from "./base/heap.ts";
import type { Log } from "./base/log.ts";
import { type ClickHouseTarget, connect } from "./clickhouse/client.ts";
import { EmbeddedError } from "./clickhouse/embedded/errors.ts";
import {
  type EmbeddedClickHouse,
  type EmbeddedOptions,
  startEmbeddedClickHouse,
} from "./clickhouse/embedded/supervisor.ts";
import { prepareStore } from "./clickhouse/prepare.ts";
import type { Config } from "./config/config.ts";
import { createOperations } from "./operations.ts";
import { ByteBudget } from "./otlp/byte-budget.ts";
import { startOtlpGrpc } from "./otlp/grpc-server.ts";
import { startOtlpHttp } from "./otlp/http-server.ts";
import { IN_FLIGHT_MAX_BYTES } from "./otlp/limits.ts";
import { startPipeline } from "./pipeline.ts";
import {
  createRedactor,
  loadRedactionKey,
  REDACTION_KEY_VARIABLE,
  REDACTION_KINDS,
} from "./redact/index.ts";
import { lockDataDir } from "./spool/lock.ts";
import { ThreadInserter } from "./thread-inserter.ts";
import { ThreadRecorder } from "./thread-recorder.ts";

/** Time for requests under way to finish when the server stops, in milliseconds. */
const STOP_GRACE_MS = 5_000;

/** Time for batches to reach ClickHouse when the server stops, in milliseconds; the rest waits on disk. */
const FLUSH_MAX_MS = 5_000;

/** Longest wait for the engine of a killed predecessor, in milliseconds: it ends its queries first. */
const PREDECESSOR_MAX_MS = 20_000;
const PREDECESSOR_PAUSE_MS = 250;

/** What the redaction is set to, as the ledger names it: the kinds that are replaced. */
const POLICY_DIGEST: string = hash("sha256", `spanledger/redaction/1\n${REDACTION_KINDS.join()}`);

/** What the key of the requests' digests is derived for. */
const DIGEST_KEY_PURPOSE = "spanledger/request-digest/1";

/** The data folder holds keys: nobody but its owner reads it. */
const DATA_DIR_MODE = 0o700;

/** - `SERVE_PORT_IN_USE`: another program listens there; may work later */
export type ServeErrorCode = "SERVE_PORT_IN_USE";

export class ServeError extends StageError<ServeErrorCode> {}

/** Where the listeners are; what `serve` prints when it accepts data. */
export interface Ports {
  readonly otlpGrpc: number;
  readonly otlpHttp: number;
  readonly api: number;
  /** Port of the ClickHouse in use, embedded or not. */
  readonly clickhouse: number;
}

export interface RunningServer {
  readonly ports: Ports;
  /** Stop accepting, finish what is under way, stop the engine. Safe to call twice. */
  stop(): Promise<void>;
}

/** Start everything. Rejects with the first failure, after stopping what had started. */
export async function startServer(config: Config, log: Log): Promise<RunningServer> {
  tuneHeap();
  const parts = new AsyncDisposableStack();
  try {
    const ports = await startParts(config, log, parts);
    let stopped: Promise<void> | undefined;
    return {
      ports,
      stop: () => {
        stopped ??= parts.disposeAsync();
        return stopped;
      },
    };
  } catch (error) {
    await parts.disposeAsync();
    throw error;
  }
}

async function startParts(config: Config, log: Log, parts: AsyncDisposableStack): Promise<Ports> {
  await mkdir(config.dataDir, { recursive: true, mode: DATA_DIR_MODE });
  // Before anything touches the directory: two engines on one path corrupt it.
  parts.adopt(lockDataDir(config.dataDir), (lock) => lock.release());
  const target = await startClickHouse(config, log, parts);
  const client = parts.adopt(connect(target), (open) => open.close());
  const stopping = parts.adopt(new AbortController(), (controller) => controller.abort());
  const { ready } = await prepareStore({ target, client, log, signal: stopping.signal });

  const redactionKey = loadRedactionKey({
    dataDir: config.dataDir,
    env: { [REDACTION_KEY_VARIABLE]: config.redactionKey },
  });
  // The API's own; what comes in is redacted in the recorder's thread.
  const redactor = createRedactor({ key: redactionKey });
  const recorder = parts.adopt(new ThreadRecorder({ redactionKey }), (thread) => thread.stop());
  const inserter = parts.adopt(new ThreadInserter(target), (thread) => thread.stop());
  const pipeline = parts.adopt(
    await startPipeline({
      spoolDir: join(config.dataDir, "spool"),
      spoolMaxBytes: config.spoolMaxBytes,
      client,
      recorder,
      inserter,
      digestKey: createHmac("sha256", redactionKey).update(DIGEST_KEY_PURPOSE).digest(),
      workspaceId: config.workspace,
      retentionClass: DEFAULT_RETENTION_CLASS,
      policyDigest: POLICY_DIGEST,
      storeReady: ready,
      now: Date.now,
      log,
    }),
    (started) => started.stop(FLUSH_MAX_MS),
  );
  const { handler } = pipeline;
  const loop = parts.adopt(watchEventLoop(), (watch) => watch.stop());
  const api = parts.adopt(
    await listening(
      "SPANLEDGER_API_PORT",
      startApi({
        host: config.host,
        port: config.apiPort,
        client,
        workspaceId: config.workspace,
        tokenise: (text) => redactor.text(text),
        log,
        operations: createOperations({
          pipeline,
          client,
          loopDelay: () => loop.delay(),
          now: Date.now,
        }),
      }),
    ),
    (server) => server.stop(),
  );
  // One budget: what both servers hold together is what this process holds.
  const otlp = { host: config.host, handler, log, budget: new ByteBudget(IN_FLIGHT_MAX_BYTES) };
  const { corsOrigins } = config;
  const http = parts.adopt(
    await listening(
      "SPANLEDGER_OTLP_HTTP_PORT",
      startOtlpHttp({ ...otlp, port: config.otlpHttpPort, corsOrigins }),
    ),
    (server) => server.stop(STOP_GRACE_MS),
  );
  const grpc = parts.adopt(
    await listening(
      "SPANLEDGER_OTLP_GRPC_PORT",
      startOtlpGrpc({ ...otlp, port: config.otlpGrpcPort }),
    ),
    async (server) => {
      // Both at once: they share the time.
      await Promise.all([server.stop(STOP_GRACE_MS), http.stop(STOP_GRACE_MS)]);
    },
  );
  return {
    otlpGrpc: grpc.port,
    otlpHttp: http.port,
    api: api.port,
    clickhouse: Number(new URL(target.url).port) || 8123,
  };
}

/** Say which setting names a port that is taken; the system's own error does not. */
async function listening<Server>(variable: string, starting: Promise<Server>): Promise<Server> {
  try {
    return await starting;
  } catch (cause) {
    // grpc-js gives its own error, in whose text alone the system's is.
    if (!String(cause).includes("EADDRINUSE")) throw cause;
    throw new ServeError(
      "SERVE_PORT_IN_USE",
      `another program listens on the port of ${variable}: end it, or choose another port`,
      { retryable: true, cause },
    );
  }
}

async function startClickHouse(
  config: Config,
  log: Log,
  parts: AsyncDisposableStack,
): Promise<ClickHouseTarget> {
  const { clickhouseUser: username, clickhousePassword: password } = config;
  if (config.clickhouseUrl !== undefined) return { url: config.clickhouseUrl, username, password };
  const engine = parts.adopt(await startEngine(config, log), (started) => started.stop());
  return { url: engine.url, username, password };
}

/** The engine of a process that was killed may live on for a moment and hold its lock and port. */
async function startEngine(config: Config, log: Log): Promise<EmbeddedClickHouse> {
  const deadline = performance.now() + PREDECESSOR_MAX_MS;
  for (;;) {
    try {
      return await startEmbeddedClickHouse({
        dataDir: config.dataDir,
        host: config.host,
        port: config.clickhousePort,
        password: config.clickhousePassword,
        ...readonlyUser(config),
        log: (level, event, fields) => log[level](fields, event),
      });
    } catch (error) {
      const isHeld = error instanceof EmbeddedError && error.code === "EMBEDDED_DATA_DIR_LOCKED";
      if (!isHeld || performance.now() > deadline) throw error;
      await delay(PREDECESSOR_PAUSE_MS);
    }
  }
}

/** A user for dashboards; without a password only where nobody needs one. */
function readonlyUser(config: Config): Pick<EmbeddedOptions, "readonlyUser"> {
  const { clickhouseReadonlyUser: username, clickhouseReadonlyPassword: password } = config;
  if (password === "" && config.clickhousePassword !== "") return {};
  return { readonlyUser: password === "" ? { username } : { username, password } };
}
