/**
 * Goal: a request that is more than a batch can hold is refused for good, by what OTLP says for that,
 * and one at the limit is kept. No sender repeats what can never be taken.
 * Method: both servers before the real stages; ClickHouse is never there. Requests on both sides.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REQUEST_ROWS_SIZE_MAX_BYTES } from "./base/batch.ts";
import { createLog } from "./base/log.ts";
import { attribute, END_NS, field, fixed64, request, span } from "./base/wire.test.helper.ts";
import { connect } from "./clickhouse/client.ts";
import { startOtlpGrpc } from "./otlp/grpc-server.ts";
import { startOtlpHttp } from "./otlp/http-server.ts";
import { type Pipeline, startPipeline } from "./pipeline.ts";
import { REQUEST_MAX_DAYS } from "./spool/limits.ts";
import { ThreadRecorder } from "./thread-recorder.ts";

const HOST = "127.0.0.1";
const EXPORT_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const KEY = new Uint8Array(32).fill(7);

const NS_PER_DAY = 86_400_000_000_000n;

/** Tests of 60 MB of rows on a machine with other work. */
const TIMEOUT_MS = 30_000;

const parts = new AsyncDisposableStack();
let pipeline: Pipeline;
let url: string;
let client: Client;

beforeAll(async () => {
  const log = createLog("error", new PassThrough());
  const dir = await mkdtemp(join(tmpdir(), "spanledger-large-"));
  parts.defer(() => rm(dir, { recursive: true, force: true }));
  // Discard: nothing listens there, and nobody asks before the schema is in place.
  const clickhouse = connect({ url: `http://${HOST}:9`, username: "default", password: "" });
  parts.defer(() => clickhouse.close());
  pipeline = await startPipeline({
    spoolDir: join(dir, "spool"),
    spoolMaxBytes: 16 * REQUEST_ROWS_SIZE_MAX_BYTES,
    client: clickhouse,
    recorder: parts.adopt(new ThreadRecorder({ redactionKey: KEY }), (thread) => thread.stop()),
    digestKey: KEY,
    workspaceId: "acme",
    retentionClass: "standard",
    policyDigest: "0".repeat(64),
    storeReady: new Promise(() => undefined),
    now: Date.now,
    log,
  });
  parts.defer(() => pipeline.stop(0));
  const { handler } = pipeline;
  const http = await startOtlpHttp({ host: HOST, port: 0, handler, log });
  parts.defer(() => http.stop(0));
  const grpc = await startOtlpGrpc({ host: HOST, port: 0, handler, log });
  parts.defer(() => grpc.stop(0));
  url = `http://${HOST}:${http.port}/v1/traces`;
  client = new Client(`${HOST}:${grpc.port}`, credentials.createInsecure());
  parts.defer(() => client.close());
});

afterAll(() => parts.disposeAsync());

async function overHttp(body: Buffer): Promise<readonly [status: number, retryAfter: string]> {
  const headers = { "Content-Type": "application/x-protobuf" };
  const answer = await fetch(url, { method: "POST", headers, body: new Uint8Array(body) });
  await answer.arrayBuffer();
  return [answer.status, answer.headers.get("Retry-After") ?? ""];
}

/** The status, and the fields of `grpc-status-details-bin`. */
function overGrpc(body: Buffer): Promise<readonly [status: number, details: string]> {
  const same = (bytes: Buffer): Buffer => bytes;
  const { promise, resolve } = Promise.withResolvers<readonly [number, string]>();
  client.makeUnaryRequest(EXPORT_PATH, same, same, body, (error: ServiceError | null) => {
    const [details = ""] = error?.metadata.get("grpc-status-details-bin") ?? [];
    resolve([error?.code ?? status.OK, details.toString()]);
  });
  return promise;
}

/** Spans that each begin on a day of their own. */
function onDays(days: number, name: string): Buffer {
  const spans = Array.from({ length: days }, (_, day) =>
    span({
      5: field(5, name),
      7: fixed64(7, END_NS - BigInt(day) * NS_PER_DAY),
      8: fixed64(8, END_NS),
    }),
  );
  return request(...spans);
}

const STEP = "s".repeat(1_000_000);
const CONTENT = "c".repeat(20_000);

/** One span whose step stands in the row of every content: so many megabytes of rows, and a fiftieth. */
function ofMegabytes(megabytes: number, name: string): Buffer {
  const contents = Array.from({ length: megabytes }, (_, index) =>
    attribute(9, `content.${index}`, field(1, CONTENT)),
  );
  const step = attribute(9, "workflow.step.name", field(1, STEP));
  return request(span({ 5: field(5, name), 9: Buffer.concat([step, ...contents]) }));
}

const MEGABYTES_MAX = Math.floor(REQUEST_ROWS_SIZE_MAX_BYTES / 1_020_000);

describe.each([
  ["days", (more: number, name: string) => onDays(REQUEST_MAX_DAYS + more, name)],
  ["rows", (more: number, name: string) => ofMegabytes(MEGABYTES_MAX + 3 * more - 3, name)],
] as const)("a request at the limit of %s is kept, one above it", (_limit, make) => {
  test("is 413 over HTTP, without Retry-After", { timeout: TIMEOUT_MS }, async () => {
    expect(await overHttp(make(0, "http"))).toEqual([200, ""]);
    expect(await overHttp(make(2, "http"))).toEqual([413, ""]);
  });

  test("is RESOURCE_EXHAUSTED over gRPC, without RetryInfo", { timeout: TIMEOUT_MS }, async () => {
    expect(await overGrpc(make(0, "grpc"))).toEqual([status.OK, ""]);
    const [code, details] = await overGrpc(make(2, "grpc"));
    expect(code).toBe(status.RESOURCE_EXHAUSTED);
    expect(details).toContain("send smaller batches");
    expect(details).not.toContain("RetryInfo");
  });
});

test("what was refused left nothing behind", async () => {
  const { spool } = await pipeline.state();
  // Of each limit one request at it, over each transport.
  expect(spool.records).toBeGreaterThanOrEqual(4);
  expect(spool.refusedRequests).toBe(4);
});
