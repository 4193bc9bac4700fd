/**
 * The receiver as the demo's child process, and its API.
 *
 * In: the data directory. Out: where it listens; what it has stored. Side effects: a process, its
 * log file, HTTP requests to it.
 */
import { type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Children, endOf, lastLinesOf } from "./children.ts";
import { childEnvironment } from "./environment.ts";
import { parseEvent } from "./events.ts";

/** The program `spanledger`, as source. */
export const SPANLEDGER: string = fileURLToPath(
  new URL("src/main.ts", import.meta.resolve("spanledger/package.json")),
);

/** Longest start of receiver and engine, in milliseconds: seconds even on slow machines. */
const READY_TIMEOUT_MS = 60_000;

/** Longest way of a run into the store after the application has ended, in milliseconds. */
const STORED_TIMEOUT_MS = 20_000;

/** How often the store is asked, in milliseconds. */
const POLL_INTERVAL_MS = 150;

const LOG_FILE = "receiver.log";

/** A receiver that accepts data. */
export interface Receiver {
  /** Rejects, with the last lines of its log, if it ends; never resolves. */
  readonly failed: Promise<never>;
  readonly otlpGrpcUrl: string;
  readonly apiUrl: string;
}

/** What the store has of one run. */
interface StoredRun {
  readonly RunId: string;
  /** Root spans: one, and one more for each time the run was resumed. */
  readonly Segments: number | string;
}

/** Start `spanledger serve` on free ports and wait until it accepts data. */
export async function startReceiver(children: Children, dataDirectory: string): Promise<Receiver> {
  const logPath = join(dataDirectory, LOG_FILE);
  const log = await open(logPath, "a", 0o600);
  try {
    return await startWithLog(children, dataDirectory, log);
  } finally {
    await log.close();
  }
}

async function startWithLog(
  children: Children,
  dataDirectory: string,
  log: FileHandle,
): Promise<Receiver> {
  const ready = Promise.withResolvers<object>();
  const child = children.start({
    name: "the receiver",
    args: [SPANLEDGER, "serve"],
    env: childEnvironment(process.env, {
      SPANLEDGER_OTLP_GRPC_PORT: "0",
      SPANLEDGER_OTLP_HTTP_PORT: "0",
      SPANLEDGER_API_PORT: "0",
      SPANLEDGER_CLICKHOUSE_PORT: "0",
      SPANLEDGER_DATA_DIR: dataDirectory,
    }),
    errorFile: log.fd,
    onLine: (line) => {
      const event = parseEvent(line);
      if (event?.event === "ready") {
        ready.resolve(event);
      }
    },
  });
  const fail = async (what: string): Promise<never> => {
    const log = await readFile(join(dataDirectory, LOG_FILE), "utf8");
    throw new Error(`the receiver ${what}\n${lastLinesOf(log.trimEnd().split("\n")).join("\n")}`);
  };
  const failed = child.exited.then((exit) => fail(`ended with ${endOf(exit)}`));
  const late = sleep(READY_TIMEOUT_MS, undefined, { ref: false }).then(() =>
    fail(`was not ready after ${READY_TIMEOUT_MS / 1000} s`),
  );
  const ports = await Promise.race([ready.promise, late, failed]);
  return { failed, otlpGrpcUrl: urlOf(ports, "otlpGrpc"), apiUrl: urlOf(ports, "api") };
}

/**
 * Wait until every run is stored with all its parts.
 *
 * @param runIds one per root span that the application made
 * @param onStored told how many runs are there
 */
export async function waitUntilStored(
  receiver: Receiver,
  workflow: string,
  runIds: readonly string[],
  onStored: (runs: number) => void,
): Promise<void> {
  const deadline = Date.now() + STORED_TIMEOUT_MS;
  const expected = Map.groupBy(runIds, (runId) => runId);
  // What is acknowledged is on the disk; this asks for it to be stored now, not in a second.
  await fetch(`${receiver.apiUrl}/api/v1/flush`, {
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  const url = `${receiver.apiUrl}/api/v1/runs?workflow=${workflow}&since=1h&limit=1000`;
  for (;;) {
    const response = await fetch(url);
    if (!response.ok) {
      throw new Error(`the API answered ${response.status}`);
    }
    const { data } = (await response.json()) as { readonly data: readonly StoredRun[] };
    const stored = data.filter(
      (run) => Number(run.Segments) >= (expected.get(run.RunId)?.length ?? Infinity),
    );
    onStored(stored.length);
    if (stored.length === expected.size) {
      return;
    }
    if (Date.now() > deadline) {
      throw new Error(
        `only ${stored.length} of ${expected.size} runs were stored within ` +
          `${STORED_TIMEOUT_MS / 1000} s; see ${LOG_FILE} in the data directory`,
      );
    }
    await sleep(POLL_INTERVAL_MS);
  }
}

function urlOf(ports: object, name: string): string {
  const value = (ports as Readonly<Record<string, unknown>>)[name];
  const port = typeof value === "number" ? value : Number(/(\d+)\/?$/.exec(String(value))?.[1]);
  if (!Number.isInteger(port) || port < 1) {
    throw new Error(`the ready line of the receiver names no port for ${name}`);
  }
  return `http://127.0.0.1:${port}`;
}
