/**
 * Goal: otel-collector.yaml is a valid configuration, hands everything on, and loses nothing that it
 * acknowledged, whatever happens to the Collector or to the receiver.
 * Method: a real Collector built from Go modules; senders that are not ours (its load generator, the
 * official exporters); the product's OTLP listener as the receiver, noting every span that arrives.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { DecodedLog } from "../../receiver/src/base/records.ts";
import { readLogsProtobuf } from "../../receiver/src/ingest/logs.ts";
import { startOtlpGrpc } from "../../receiver/src/otlp/grpc-server.ts";
import type { OtlpServer } from "../../receiver/src/otlp/types.ts";
import { DECODED_LOGS } from "../otlp/example-logs.ts";
import { sendLogsWithGrpc, sendLogsWithHttpJson } from "../otlp/log-senders.ts";
import { sendWithGrpc, sendWithHttpProto } from "../otlp/senders.ts";
import { decodeTraceProtobuf } from "../reference/decode.ts";
import { BUILD_TIMEOUT_MS, type Build, buildCollector, type Programs } from "./build.ts";
import {
  COLLECTOR_CONFIG,
  type CollectorOptions,
  type CollectorProcess,
  freePorts,
  startCollector,
  until,
  validateConfig,
} from "./collector-process.ts";

/** Requests of one span each that the crash tests send. */
const REQUESTS = 60;

let build: Build;
let dir: string;
let receiverPort: number;
/** Span ids, as often as they arrived. */
let arrived: string[];
let arrivedLogs: DecodedLog[];
const running: { end(): Promise<void> }[] = [];

beforeAll(async () => {
  build = await buildCollector();
}, BUILD_TIMEOUT_MS);

beforeEach(async (context) => {
  if ("missing" in build) context.skip(build.missing);
  dir = await mkdtemp(join(tmpdir(), "spanledger-collector-"));
  [receiverPort = 0] = await freePorts(1);
  arrived = [];
  arrivedLogs = [];
});

afterEach(async () => {
  for (const part of running.splice(0).toReversed()) await part.end();
});

afterAll(async () => {
  if (dir !== undefined) await rm(dir, { recursive: true, force: true });
});

function programs(): Programs {
  if ("missing" in build) throw new Error(build.missing);
  return build;
}

async function collector(more: Partial<CollectorOptions> = {}): Promise<CollectorProcess> {
  const started = await startCollector({
    program: programs().collector,
    queueDir: join(dir, "queue"),
    receiver: `127.0.0.1:${receiverPort}`,
    ...more,
  });
  running.push({ end: () => started.end("SIGKILL") });
  return started;
}

async function receiver(): Promise<OtlpServer> {
  const quiet = { debug: () => {}, warn: () => {}, error: () => {} };
  const server = await startOtlpGrpc({
    host: "127.0.0.1",
    port: receiverPort,
    log: quiet,
    handler: async ({ body, signal }) => {
      if (signal === "logs") readLogsProtobuf(body, (record) => void arrivedLogs.push(record));
      else arrived.push(...decodeTraceProtobuf(body).spans.map(({ spanId }) => spanId));
      return { rejected: 0, message: "" };
    },
  });
  running.push({ end: () => server.stop(0) });
  return server;
}

/** Never all zeros: that is no span id. */
const spanIdOf = (index: number): string => (index + 1).toString(16).padStart(16, "0");

/** Post one span without any retry; true when the Collector acknowledged it. */
async function post(httpUrl: string, index: number): Promise<boolean> {
  const span = {
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: spanIdOf(index),
    name: "crash test",
    kind: 1,
    startTimeUnixNano: "1544712660000000000",
    endTimeUnixNano: "1544712661000000000",
  };
  return fetch(`${httpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  }).then(
    (answer) => answer.ok,
    () => false,
  );
}

async function postAll(httpUrl: string, from: number, count: number): Promise<void> {
  const indexes = Array.from({ length: count }, (_, index) => from + index);
  const answers = await Promise.all(indexes.map((index) => post(httpUrl, index)));
  expect(answers.filter((isAcknowledged) => !isAcknowledged)).toEqual([]);
}

const ids = (count: number): Set<string> =>
  new Set(Array.from({ length: count }, (_, index) => spanIdOf(index)));

describe("otel-collector.yaml", () => {
  test("is valid without any environment", async () => {
    await expect(validateConfig(programs().collector, COLLECTOR_CONFIG)).resolves.toBeUndefined();
  });

  test("would be refused with a misspelt setting", async () => {
    const text = await readFile(COLLECTOR_CONFIG, "utf8");
    const file = join(dir, "wrong.yaml");
    await writeFile(file, text.replace("sending_queue:", "sending_qeue:"));
    await expect(validateConfig(programs().collector, file)).rejects.toThrow(/sending_qeue/);
  });

  test("hands on what the Collector's own load generator sends, over gRPC and HTTP", async () => {
    await receiver();
    const { grpcUrl, httpUrl } = await collector();
    for (const [url, more] of [
      [grpcUrl, []],
      [httpUrl, ["--otlp-http"]],
    ] as const) {
      await promisify(execFile)(programs().telemetrygen, [
        "traces",
        "--otlp-insecure",
        `--otlp-endpoint=${new URL(url).host}`,
        "--traces=100",
        "--child-spans=4",
        "--rate=0",
        ...more,
      ]);
    }
    await until(() => arrived.length >= 1_000);
    expect(new Set(arrived).size).toBe(1_000);
    expect(arrived).toHaveLength(1_000);
  });

  test("hands on what the official exporters send, with and without gzip", async () => {
    await receiver();
    const { grpcUrl, httpUrl } = await collector();
    await sendWithGrpc(grpcUrl, "none");
    await sendWithGrpc(grpcUrl, "gzip");
    await sendWithHttpProto(`${httpUrl}/v1/traces`, "none");
    await sendWithHttpProto(`${httpUrl}/v1/traces`, "gzip");
    await until(() => arrived.length >= 4);
    expect(arrived).toEqual(Array.from({ length: 4 }, () => "eee19b7ec3c1b174"));
  });

  test.each(["none", "gzip", "zstd"])("hands on when its exporter is set to %s", async (name) => {
    await receiver();
    const text = await readFile(COLLECTOR_CONFIG, "utf8");
    const config = join(dir, `${name}.yaml`);
    await writeFile(config, text.replace(/compression: gzip/, `compression: ${name}`));
    const { grpcUrl } = await collector({ config });
    await sendWithGrpc(grpcUrl, "none");
    await until(() => arrived.length >= 1);
    expect(arrived).toEqual(["eee19b7ec3c1b174"]);
  });

  test("hands on log records as they were sent", async () => {
    await receiver();
    const { grpcUrl, httpUrl } = await collector();
    await sendLogsWithGrpc(grpcUrl);
    await until(() => arrivedLogs.length >= DECODED_LOGS.length);
    await sendLogsWithHttpJson(`${httpUrl}/v1/logs`, "gzip");
    await until(() => arrivedLogs.length >= 2 * DECODED_LOGS.length);
    expect(arrivedLogs).toEqual([...DECODED_LOGS, ...DECODED_LOGS]);
  });

  test("starts without warning of anything deprecated", async () => {
    const { log } = await collector();
    await until(() => log().includes("Everything is ready"));
    expect(log()).not.toMatch(/deprecated/i);
  });
});

describe("the queue", () => {
  test("keeps what was acknowledged while the receiver was down, over a kill -9", async () => {
    const first = await collector();
    await postAll(first.httpUrl, 0, REQUESTS / 2);
    await first.end("SIGKILL");
    const second = await collector();
    await postAll(second.httpUrl, REQUESTS / 2, REQUESTS / 2);
    await second.end("SIGKILL");
    await collector();
    await receiver();
    await until(() => new Set(arrived).size >= REQUESTS);
    expect(new Set(arrived)).toEqual(ids(REQUESTS));
  });

  test("keeps what was acknowledged over an orderly stop", async () => {
    const first = await collector();
    await postAll(first.httpUrl, 0, REQUESTS);
    await first.end("SIGTERM");
    await collector();
    await receiver();
    await until(() => new Set(arrived).size >= REQUESTS);
    expect(new Set(arrived)).toEqual(ids(REQUESTS));
  });

  test("keeps every acknowledged span when the kill comes in the middle of requests", async () => {
    await receiver();
    const first = await collector();
    const acknowledged = new Set<string>();
    let killed: Promise<void> | undefined;
    const sender = async (from: number): Promise<void> => {
      for (let index = from; index < from + REQUESTS; index += 1) {
        if (await post(first.httpUrl, index)) acknowledged.add(spanIdOf(index));
        if (acknowledged.size === REQUESTS) killed ??= first.end("SIGKILL");
      }
    };
    await Promise.all([0, 1, 2, 3].map((part) => sender(part * REQUESTS)));
    await killed;
    expect(acknowledged.size).toBeGreaterThanOrEqual(REQUESTS);
    expect(acknowledged.size).toBeLessThan(4 * REQUESTS);
    await collector();
    const missing = (): string[] => [...acknowledged].filter((id) => !arrived.includes(id));
    await until(() => missing().length === 0);
    expect(missing()).toEqual([]);
  });
});
