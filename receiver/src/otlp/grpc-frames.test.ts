/**
 * Goal: frames that no client would send get a status, and the server lives on.
 * Method: exact frames over HTTP/2 to a real listener.
 */
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { connect as connectSocket } from "node:net";
import { gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { request, span } from "../base/wire.test.helper.ts";
import { startOtlpGrpc } from "./grpc-server.ts";
import { GRPC_RECEIVING_MAX, GRPC_STREAMS_MAX } from "./limits.ts";
import { DONE, recorder } from "./servers.test.helper.ts";
import type { OtlpServer } from "./types.ts";

const SIZE_MAX_BYTES = 100_000;
const TRACE_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/** Short, but longer than the tests hold calls open on purpose. */
const RECEIVE_TIMEOUT_MS = 2_000;
let server: OtlpServer;

beforeAll(async () => {
  const limits = { bodySizeMaxBytes: SIZE_MAX_BYTES, receiveTimeoutMs: RECEIVE_TIMEOUT_MS };
  server = await startOtlpGrpc(recorder(limits).options);
});

afterAll(async () => {
  await server.stop(0);
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
    ["bad gzip", status.INVALID_ARGUMENT, frame(Buffer.from("hello"), 1), GZIP],
    [
      "gzip cut short",
      status.INVALID_ARGUMENT,
      frame(gzipSync(request(span())).subarray(0, -3), 1),
      GZIP,
    ],
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

  test("a connection is told how many calls it may have open at once", async () => {
    const own = connect(`http://127.0.0.1:${server.port}`);
    await once(own, "remoteSettings");
    expect(own.remoteSettings.maxConcurrentStreams).toBe(GRPC_STREAMS_MAX);
    own.destroy();
  });

  test("a call that stalls is UNAVAILABLE, so the client sends it again", async () => {
    const stream = session.request(GRPC_HEADERS);
    stream.write(frame(request(span())).subarray(0, 9));
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    expect(headers["grpc-status"]).toBe(String(status.UNAVAILABLE));
    expect(headers["grpc-message"]).toContain("took%20too%20long");
    stream.destroy();
  });

  test("a call with its message that is not ended is UNAVAILABLE: it is not kept for ever", async () => {
    const stream = session.request(GRPC_HEADERS);
    stream.write(frame(request(span())));
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    expect(headers["grpc-status"]).toBe(String(status.UNAVAILABLE));
    stream.destroy();
  });

  /** Calls of which the first bytes have come, until all places are taken. */
  function stalled(on: ClientHttp2Session): ClientHttp2Stream[] {
    const streams = Array.from({ length: GRPC_RECEIVING_MAX }, () => on.request(GRPC_HEADERS));
    for (const stream of streams) {
      stream.on("error", () => undefined).write(frame(request(span())).subarray(0, 9));
    }
    return streams;
  }

  test("calls beyond those that may arrive at once wait for them, and nothing is refused", async () => {
    const whole = frame(request(span()));
    const slow = stalled(session);
    const waiting = Array.from({ length: 40 }, () => answerTo(whole));
    const answers = slow.map(async (stream) => {
      const [trailers] = (await once(stream.resume(), "trailers")) as [Record<string, unknown>];
      return trailers["grpc-status"];
    });
    for (const stream of slow) stream.end(whole.subarray(9));
    const all = await Promise.all([...answers, ...waiting]);
    expect(new Set(all)).toEqual(new Set([String(status.OK)]));
  });

  test("a message is not read while others are: flow control stops its client", async () => {
    const slow = stalled(session);
    const stream = session.request(GRPC_HEADERS).resume();
    let isSent = false;
    const sent = Promise.withResolvers<void>();
    stream.write(frame(Buffer.alloc(SIZE_MAX_BYTES)), () => {
      isSent = true;
      sent.resolve();
    });
    // Often to the server and back: a message that is read is gone after a few times.
    for (let trips = 0; trips < 20; trips += 1) {
      await new Promise<void>((resolve) => {
        session.ping(() => resolve());
      });
    }
    expect(isSent).toBe(false);
    for (const one of slow) one.destroy();
    await sent.promise;
    stream.destroy();
  });

  test("clients that stall make room for others after their turn", async () => {
    const slow = stalled(session);
    const [first] = slow as [ClientHttp2Stream];
    const told = once(first, "response") as Promise<[Record<string, unknown>]>;
    expect(await answerTo(frame(request(span())))).toBe(String(status.OK));
    const [headers] = await told;
    expect(headers["grpc-status"]).toBe(String(status.UNAVAILABLE));
    for (const one of slow) one.destroy();
  });

  test("a client that goes away half-way makes room for the next", async () => {
    const gone = connect(`http://127.0.0.1:${server.port}`).on("error", () => undefined);
    stalled(gone);
    const answer = answerTo(frame(request(span())));
    gone.destroy();
    expect(await answer).toBe(String(status.OK));
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
