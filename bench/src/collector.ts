/**
 * An OpenTelemetry Collector that stores into ClickHouse, as a real process.
 *
 * In: the program, where ClickHouse is, what to turn on. Out: where it listens. Side effects: a
 * process, its configuration and its queue in the given folder.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePorts } from "../../test/collector/collector-process.ts";

/** Database of its table; created by itself. */
export const COLLECTOR_DATABASE = "otel";

/** Its table of spans, by its default name. */
export const COLLECTOR_SPANS = "otel_traces";

/** E-mail, card, SSN, phone: what the redaction processor masks. */
const BLOCKED_VALUES: readonly string[] = [
  String.raw`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`,
  String.raw`\b(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|3[47][0-9]{13})\b`,
  String.raw`\b[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}\b`,
  String.raw`\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b`,
  String.raw`\+?[0-9]{1,3}[ .-]?\(?[0-9]{3}\)?[ .-]?[0-9]{3}[ .-]?[0-9]{4}\b`,
];

/** How many spans make an insert: the size that the exporter's README recommends. */
const BATCH_SPANS = 100_000;

/** Time between two looks at the health check, in milliseconds. */
const POLL_MS = 25;

export interface CollectorOptions {
  readonly program: string;
  readonly dir: string;
  readonly clickhouseUrl: string;
  readonly redacts: boolean;
  /** Keeps its queue of batches on disk, fsynced. */
  readonly isPersistent: boolean;
}

export interface RunningProcess {
  readonly pid: number;
  readonly grpcUrl: string;
  readonly httpUrl: string;
  /** Of the ClickHouse in use, where the process knows it. */
  readonly clickhouseUrl?: string;
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** Start it and wait until its health check answers. */
export async function startClickHouseCollector(options: CollectorOptions): Promise<RunningProcess> {
  const [grpc = 0, http = 0, health = 0] = await freePorts(3);
  await mkdir(join(options.dir, "queue"), { recursive: true });
  const file = join(options.dir, "collector.json");
  // JSON is YAML, which the Collector reads.
  await writeFile(file, JSON.stringify(configuration(options, { grpc, http, health })));
  const child = spawn(options.program, [`--config=${file}`], {
    env: {},
    stdio: ["ignore", "ignore", "pipe"],
  });
  const log: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => log.push(text));
  await healthy(child, `http://127.0.0.1:${health}/`, () => log.join(""));
  return {
    pid: child.pid ?? 0,
    grpcUrl: `http://127.0.0.1:${grpc}`,
    httpUrl: `http://127.0.0.1:${http}`,
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, "exit");
    },
  };
}

interface Ports {
  readonly grpc: number;
  readonly http: number;
  readonly health: number;
}

function configuration(options: CollectorOptions, ports: Ports): unknown {
  const { redacts, isPersistent } = options;
  const queueDir = join(options.dir, "queue");
  return {
    extensions: {
      health_check: { endpoint: `127.0.0.1:${ports.health}` },
      ...(isPersistent ? { file_storage: { directory: queueDir, fsync: true } } : {}),
    },
    receivers: {
      otlp: {
        protocols: {
          grpc: { endpoint: `127.0.0.1:${ports.grpc}`, max_recv_msg_size_mib: 64 },
          http: { endpoint: `127.0.0.1:${ports.http}` },
        },
      },
    },
    processors: {
      memory_limiter: { check_interval: "1s", limit_mib: 6_144, spike_limit_mib: 512 },
      batch: { send_batch_size: BATCH_SPANS, send_batch_max_size: 0, timeout: "1s" },
      ...(redacts
        ? {
            redaction: {
              allow_all_keys: true,
              blocked_values: BLOCKED_VALUES,
              summary: "silent",
            },
          }
        : {}),
    },
    exporters: { clickhouse: exporter(options) },
    service: {
      extensions: ["health_check", ...(isPersistent ? ["file_storage"] : [])],
      pipelines: {
        traces: {
          receivers: ["otlp"],
          processors: ["memory_limiter", ...(redacts ? ["redaction"] : []), "batch"],
          exporters: ["clickhouse"],
        },
      },
      telemetry: { metrics: { level: "none" }, logs: { level: "warn" } },
    },
  };
}

function exporter({ clickhouseUrl, isPersistent }: CollectorOptions): unknown {
  return {
    endpoint: clickhouseUrl,
    database: COLLECTOR_DATABASE,
    compress: "none",
    async_insert: false,
    create_schema: true,
    timeout: "60s",
    retry_on_failure: { enabled: true, initial_interval: "1s", max_elapsed_time: "300s" },
    sending_queue: {
      enabled: true,
      num_consumers: 4,
      queue_size: 10,
      // Without it a full queue drops batches whose spans were acknowledged.
      block_on_overflow: true,
      ...(isPersistent ? { storage: "file_storage" } : {}),
    },
  };
}

async function healthy(child: ChildProcess, url: string, log: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the Collector ended at once:\n${log()}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
