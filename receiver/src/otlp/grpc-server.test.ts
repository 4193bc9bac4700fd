/**
 * Goal: every call, good or bad, gets the status and details that OTLP prescribes, and the server
 * lives on.
 * Method: a grpc-js client that sends raw bytes, and exact frames over HTTP/2 for what no client
 * would send; status details are compared byte by byte.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectSocket } from "node:net";
import { gzipSync } from "node:zlib";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { StageError } from "../base/errors.ts";
import { ByteBudget } from "./byte-budget.ts";
import { startOtlpGrpc } from "./grpc-server.ts";
import { GRPC_RECEIVING_MAX } from "./limits.ts";
import { DONE, recorder } from "./servers.test.helper.ts";
import type { OtlpServer } from "./types.ts";
import { field, int, request, span } from "./wire.test.helper.ts";

const SIZE_MAX_BYTES = 100_000;
const RECEIVE_TIMEOUT_MS = 500;
const PREFIX = "/opentelemetry.proto.collector.";
const TRACE_PATH = `${PREFIX}trace.v1.TraceService/Export`;
const budget = new ByteBudget(SIZE_MAX_BYTES);
const kept = recorder({
  budget,
  bodySizeMaxBytes: SIZE_MAX_BYTES,
  receiveTimeoutMs: RECEIVE_TIMEOUT_MS,
  handlerTimeoutMs: 200,
});
let server: OtlpServer;
let client: Client;

beforeAll(async () => {
  server = await startOtlpGrpc(kept.options);
  client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await server.stop(0);
});

afterEach(async () => {
  kept.requests.length = 0;
  kept.lines.length = 0;
  kept.respond = async () => DONE;
  expect(await call(request(span()))).toHaveLength(0);
  kept.requests.length = 0;
  expect(budget.usedBytes).toBe(0);
});

function call(body: Buffer, path = TRACE_PATH, metadata = new Metadata()): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const same = (bytes: Buffer): Buffer => bytes;
  client.makeUnaryRequest(path, same, same, body, metadata, (error, answer) => {
    if (error === null && answer !== undefined) resolve(answer);
    else reject(error ?? new Error("no answer"));
  });
  return promise;
}

async function refusal(calling: Promise<Buffer>): Promise<ServiceError> {
  const error = await calling.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) throw new Error("the call succeeded");
  return error as ServiceError;
}

describe("success", () => {
  test("is an empty message, and the handler gets spans and digest", async () => {
    const body = request(span());
    expect(await call(body)).toHaveLength(0);
    expect(kept.requests).toHaveLength(1);
    expect(kept.requests[0]).toMatchObject({
      transport: "grpc",
      format: "protobuf",
      digest: createHash("sha256").update(body).digest("hex"),
      sizeBytes: body.length,
    });
  });

  test("of an empty request does not need the handler", async () => {
    expect(await call(Buffer.alloc(0))).toHaveLength(0);
    expect(kept.requests).toEqual([]);
  });

  test("of gzip is the same as without", async () => {
    const metadata = new Metadata();
    metadata.set("grpc-internal-encoding-request", "gzip");
    const body = request(...Array.from({ length: 100 }, () => span()));
    expect(await call(body, TRACE_PATH, metadata)).toHaveLength(0);
    expect(kept.requests[0]?.spans).toHaveLength(100);
  });

  test("in part names count and reason, field by field", async () => {
    const answer = await call(request(span(), span({ 2: Buffer.alloc(0) })));
    const reason = "1 refused: span_id must be 8 bytes, not all zero";
    expect(answer).toEqual(field(1, int(1, 1), field(2, reason)));
    expect(kept.requests[0]?.spans).toHaveLength(1);
  });
});

class StoreDown extends StageError<"STORE_DOWN"> {
  constructor(retryable: boolean) {
    super("STORE_DOWN", "the store is down", { retryable });
  }
}

function details(error: ServiceError): unknown {
  return error.metadata.get("grpc-status-details-bin")[0];
}

describe("refused:", () => {
  test("malformed protobuf is INVALID_ARGUMENT", async () => {
    const error = await refusal(call(Buffer.from([0x0a, 9])));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.details).toContain("malformed protobuf in TraceRequest");
    expect(details(error)).toEqual(Buffer.concat([int(1, 3), field(2, error.details)]));
  });

  test("an oversize message is RESOURCE_EXHAUSTED without RetryInfo, so nobody retries", async () => {
    const error = await refusal(call(Buffer.alloc(SIZE_MAX_BYTES + 1)));
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(error.details).toContain("larger than max");
    expect(details(error)).toBeUndefined();
  });

  test.each(["logs", "metrics"])("%s are UNIMPLEMENTED, with a word", async (signal) => {
    const name = `${signal[0]?.toUpperCase()}${signal.slice(1)}Service`;
    const error = await refusal(call(Buffer.alloc(0), `${PREFIX}${signal}.v1.${name}/Export`));
    expect(error.code).toBe(status.UNIMPLEMENTED);
    expect(error.details).toBe(
      `this receiver takes traces only, not ${signal}; turn the ${signal} exporter off`,
    );
  });

  test("another method is UNIMPLEMENTED", async () => {
    expect((await refusal(call(Buffer.alloc(0), "/a.B/C"))).code).toBe(status.UNIMPLEMENTED);
  });

  test("a handler's retryable failure is UNAVAILABLE with RetryInfo", async () => {
    kept.respond = () => Promise.reject(new StoreDown(true));
    const error = await refusal(call(request(span())));
    expect([error.code, error.details]).toEqual([
      status.UNAVAILABLE,
      "the store is down (STORE_DOWN)",
    ]);
    const url = field(1, "type.googleapis.com/google.rpc.RetryInfo");
    const retryInfo = field(3, url, field(2, field(1, int(1, 1))));
    expect(details(error)).toEqual(Buffer.concat([int(1, 14), field(2, error.details), retryInfo]));
  });

  test("a handler's final failure is INTERNAL without RetryInfo", async () => {
    kept.respond = () => Promise.reject(new StoreDown(false));
    const error = await refusal(call(request(span())));
    expect(error.code).toBe(status.INTERNAL);
    expect(String(details(error))).not.toContain("RetryInfo");
  });

  test("a defect is UNAVAILABLE, and neither answer nor log quotes content", async () => {
    kept.respond = () => {
      throw new TypeError("cannot read 4111111111111111");
    };
    const error = await refusal(call(request(span())));
    expect(error.code).toBe(status.UNAVAILABLE);
    expect(error.message + kept.lines.join()).not.toContain("4111");
  });

  test("a handler that never ends is UNAVAILABLE, and its memory stays accounted for", async () => {
    const end = Promise.withResolvers<void>();
    kept.respond = async () => {
      await end.promise;
      return DONE;
    };
    const body = request(span());
    expect((await refusal(call(body))).code).toBe(status.UNAVAILABLE);
    expect(budget.usedBytes).toBe(body.length);
    end.resolve();
    await expect.poll(() => budget.usedBytes).toBe(0);
  });

  test("a full budget is UNAVAILABLE with RetryInfo", async () => {
    budget.tryTake(SIZE_MAX_BYTES);
    const error = await refusal(call(request(span())));
    budget.give(SIZE_MAX_BYTES);
    expect(error.code).toBe(status.UNAVAILABLE);
    expect(String(details(error))).toContain("RetryInfo");
  });
});

/** Frame a message: flag, length, bytes. */
function frame(body: Buffer, compressed = 0, length = body.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
}

const GRPC_HEADERS = { ":method": "POST", ":path": TRACE_PATH, "content-type": "application/grpc" };

describe("exact frames:", () => {
  let session: ClientHttp2Session;

  beforeAll(() => {
    session = connect(`http://127.0.0.1:${server.port}`);
  });

  afterAll(() => {
    session.destroy();
  });

  /** The grpc-status (or the HTTP status, where there is none) that frames are answered with. */
  async function answerTo(data: Buffer, headers: Record<string, string> = {}): Promise<string> {
    const stream = session.request({ ...GRPC_HEADERS, ...headers });
    let answered: string | undefined;
    const note = (got: Record<string, unknown>): void => {
      const code = got["grpc-status"] ?? (got[":status"] === 200 ? undefined : got[":status"]);
      if (code !== undefined) answered = String(code);
    };
    stream
      .on("response", note)
      .on("trailers", note)
      .on("error", () => undefined);
    stream.resume();
    stream.end(data);
    await once(stream, "close");
    return answered ?? `reset ${stream.rstCode}`;
  }

  const GZIP = { "grpc-encoding": "gzip" };
  const BOMB = gzipSync(Buffer.alloc(SIZE_MAX_BYTES * 100));

  test.each<[string, number, Buffer, Record<string, string>]>([
    ["a message", status.OK, frame(request(span())), {}],
    ["a gzipped message", status.OK, frame(gzipSync(request(span())), 1), GZIP],
    ["bad gzip", status.INTERNAL, frame(Buffer.from("hello"), 1), GZIP],
    ["gzip cut short", status.INTERNAL, frame(gzipSync(request(span())).subarray(0, -3), 1), GZIP],
    ["a gzip bomb", status.RESOURCE_EXHAUSTED, frame(BOMB, 1), GZIP],
    [
      "an unknown encoding",
      status.UNIMPLEMENTED,
      frame(Buffer.from("x"), 1),
      { "grpc-encoding": "br" },
    ],
    ["a length of 4 GB", status.RESOURCE_EXHAUSTED, frame(Buffer.alloc(9), 0, 0xffff_ffff), {}],
    [
      "two messages",
      status.UNIMPLEMENTED,
      Buffer.concat([frame(request(span())), frame(request(span()))]),
      {},
    ],
    ["no message", status.UNIMPLEMENTED, Buffer.alloc(0), {}],
    ["half a frame", status.UNIMPLEMENTED, Buffer.from([0, 0, 0]), {}],
    ["another content type", 415, frame(request(span())), { "content-type": "application/json" }],
    ["a method that is not there", status.UNIMPLEMENTED, Buffer.alloc(0), { ":path": "/%00/é" }],
    ["a bad time-out", status.INTERNAL, Buffer.alloc(0), { "grpc-timeout": "soon" }],
  ])("%s", async (_title, expected, data, headers) => {
    expect(await answerTo(data, headers)).toBe(String(expected));
  });

  test("a call that stalls is UNAVAILABLE, so the client sends it again", async () => {
    const stream = session.request(GRPC_HEADERS);
    stream.write(frame(request(span())).subarray(0, 9));
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    expect(headers["grpc-status"]).toBe(String(status.UNAVAILABLE));
    expect(headers["grpc-message"]).toContain("took%20too%20long");
    stream.destroy();
  });

  test("calls beyond those that may arrive at once are UNAVAILABLE, the others go on", async () => {
    const whole = frame(request(span()));
    const slow = Array.from({ length: GRPC_RECEIVING_MAX }, () => session.request(GRPC_HEADERS));
    for (const stream of slow) stream.write(whole.subarray(0, 9));
    const answers = slow.map(async (stream) => {
      const [trailers] = (await once(stream.resume(), "trailers")) as [Record<string, unknown>];
      return trailers["grpc-status"];
    });
    expect(await answerTo(whole)).toBe(String(status.UNAVAILABLE));
    for (const stream of slow) stream.end(whole.subarray(9));
    expect(new Set(await Promise.all(answers))).toEqual(new Set([String(status.OK)]));
  });

  test("a client that goes away half-way makes room for the next", async () => {
    const gone = connect(`http://127.0.0.1:${server.port}`);
    const streams = Array.from({ length: GRPC_RECEIVING_MAX }, () => gone.request(GRPC_HEADERS));
    for (const stream of streams) stream.on("error", () => undefined).write(Buffer.from([0]));
    await expect.poll(() => answerTo(frame(request(span())))).toBe(String(status.UNAVAILABLE));
    gone.destroy();
    await expect.poll(() => answerTo(frame(request(span())))).toBe(String(status.OK));
  });

  test("bytes that are not HTTP/2 close that connection only", async () => {
    const socket = connectSocket(server.port, "127.0.0.1").on("error", () => undefined);
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    socket.resume();
    await once(socket, "close");
    expect(await answerTo(frame(request(span())))).toBe(String(status.OK));
  });
});

test("stopping lets a running call finish", async () => {
  const own = recorder();
  const stopping = await startOtlpGrpc(own.options);
  const end = Promise.withResolvers<void>();
  own.respond = async () => {
    await end.promise;
    return DONE;
  };
  const session = connect(`http://127.0.0.1:${stopping.port}`);
  const stream = session.request(GRPC_HEADERS).resume();
  stream.end(frame(request(span())));
  await expect.poll(() => own.requests.length).toBe(1);
  const stopped = stopping.stop(600_000);
  end.resolve();
  const [trailers] = (await once(stream, "trailers")) as [Record<string, unknown>];
  expect(trailers["grpc-status"]).toBe(String(status.OK));
  await stopped;
});

test("stopping cuts a call that takes longer than the grace", async () => {
  const own = recorder();
  const stopping = await startOtlpGrpc(own.options);
  own.respond = () => new Promise(() => undefined);
  const session = connect(`http://127.0.0.1:${stopping.port}`).on("error", () => undefined);
  const stream = session.request(GRPC_HEADERS).on("error", () => undefined);
  stream.end(frame(request(span())));
  await expect.poll(() => own.requests.length).toBe(1);
  await stopping.stop(1);
  expect(stream.rstCode).not.toBe(0);
});
