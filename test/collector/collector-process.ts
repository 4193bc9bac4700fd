/**
 * The Collector of otel-collector.yaml as a real process on free ports and a queue of its own.
 *
 * Side effects: starts a process, listens on loopback, writes its queue into the given folder.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The configuration that ships with the product. */
export const COLLECTOR_CONFIG: string = fileURLToPath(
  new URL("../../otel-collector.yaml", import.meta.url),
);

/** Pause between two looks at the health check, in milliseconds. */
const POLL_MS = 25;

export interface CollectorProcess {
  readonly grpcUrl: string;
  readonly httpUrl: string;
  /** Everything it logged so far. */
  readonly log: () => string;
  /** Send a signal and wait for the end. */
  readonly end: (signal: "SIGTERM" | "SIGKILL") => Promise<void>;
}

export interface CollectorOptions {
  readonly program: string;
  readonly queueDir: string;
  /** `host:port` of the receiver. */
  readonly receiver: string;
  /** Another configuration than {@link COLLECTOR_CONFIG}. */
  readonly config?: string;
}

/** Start it and wait until its health check answers. */
export async function startCollector(options: CollectorOptions): Promise<CollectorProcess> {
  const [grpc, http, health] = await freePorts(3);
  const child = spawn(options.program, [`--config=${options.config ?? COLLECTOR_CONFIG}`], {
    env: {
      SPANLEDGER_OTLP_ENDPOINT: options.receiver,
      SPANLEDGER_COLLECTOR_GRPC: `127.0.0.1:${grpc}`,
      SPANLEDGER_COLLECTOR_HTTP: `127.0.0.1:${http}`,
      SPANLEDGER_COLLECTOR_HEALTH: `127.0.0.1:${health}`,
      SPANLEDGER_COLLECTOR_QUEUE_DIR: options.queueDir,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const log: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => log.push(text));
  await healthy(child, `http://127.0.0.1:${health}/`, () => log.join(""));
  return {
    grpcUrl: `http://127.0.0.1:${grpc}`,
    httpUrl: `http://127.0.0.1:${http}`,
    log: () => log.join(""),
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, "exit");
    },
  };
}

async function healthy(child: ChildProcess, url: string, log: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the Collector ended at once:\n${log()}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await pause();
  }
}

/** Wait until a condition holds; the test's time limit ends a wait that is in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause();
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  });
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

/** Let the Collector judge a configuration; rejects with what it says. */
export async function validateConfig(program: string, config: string): Promise<void> {
  await promisify(execFile)(program, ["validate", `--config=${config}`], { env: {} });
}
