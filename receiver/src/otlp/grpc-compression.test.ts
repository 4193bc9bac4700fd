/**
 * Goal: a message that came compressed, as zstd too, is taken like any other, and refused like any other.
 * Method: an HTTP/2 client that frames messages by itself, compressed by Node's own encoder.
 */
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { ByteBudget } from "./byte-budget.ts";
import { startOtlpGrpc } from "./grpc-server.ts";
import { DONE, recorder } from "./servers.test.helper.ts";

const MIB = 1_048_576;
const TRACE_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function start(changes: Parameters<typeof recorder>[0] = {}) {
  const kept = recorder(changes);
  const server = await startOtlpGrpc(kept.options);
  const session = connect(`http://127.0.0.1:${server.port}`);
  ends.push(
    () => server.stop(0),
    () => session.close(),
  );
  return { kept, session };
}

/** Send a compressed message; the answer's status, what it says, and what the server takes. */
async function send(session: ClientHttp2Session, compressed: Buffer, encoding = "zstd") {
  const head = Buffer.alloc(5);
  head[0] = 1;
  head.writeUInt32BE(compressed.length, 1);
  const stream = session.request({
    ":method": "POST",
    ":path": TRACE_PATH,
    "content-type": "application/grpc",
    "grpc-encoding": encoding,
  });
  let takes: unknown;
  let answered: Record<string, unknown> = {};
  stream.on("response", (headers) => {
    takes = headers["grpc-accept-encoding"];
    answered = headers;
  });
  stream.on("trailers", (trailers) => {
    answered = trailers;
  });
  stream.resume().end(Buffer.concat([head, compressed]));
  await once(stream, "close");
  return { status: Number(answered["grpc-status"]), says: String(answered["grpc-message"]), takes };
}

test("is handed on as it was, large or small, beside other encodings", async () => {
  const { kept, session } = await start();
  const texts: string[] = [];
  kept.respond = async ({ body }) => {
    // It is gone when its call is answered.
    texts.push(body.toString());
    return DONE;
  };
  const bodies = [
    Buffer.alloc(0),
    Buffer.from("a small one"),
    Buffer.alloc(5 * MIB, "large one, "),
  ];
  for (const body of bodies) {
    const { takes, ...answer } = await send(session, zstdCompressSync(body));
    expect(answer.status).toBe(status.OK);
    expect(takes).toBe("identity,deflate,gzip,zstd");
  }
  expect((await send(session, gzipSync("gzip"), "gzip")).status).toBe(status.OK);
  expect(texts).toEqual([...bodies, Buffer.from("gzip")].map(String));
});

test("is refused where it is none, is cut off, or goes on behind its end", async () => {
  const { kept, session } = await start();
  const whole = zstdCompressSync(Buffer.from("some spans"));
  for (const [bytes, says] of [
    [Buffer.from("no zstd at all"), "cannot be decompressed"],
    [whole.subarray(0, whole.length - 2), "cannot be decompressed"],
    [Buffer.concat([whole, Buffer.from("more")]), "goes on after the end"],
  ] as const) {
    const answer = await send(session, bytes);
    expect(answer.status, says).toBe(status.INVALID_ARGUMENT);
    expect(decodeURIComponent(answer.says)).toContain(says);
  }
  expect(kept.requests).toEqual([]);
});

test("is stopped where it becomes larger than a message may be, and gives its memory back", async () => {
  const budget = new ByteBudget(8 * MIB);
  const { kept, session } = await start({ bodySizeMaxBytes: MIB, budget });
  const bomb = zstdCompressSync(Buffer.alloc(64 * MIB));
  const answers = await Promise.all(Array.from({ length: 6 }, () => send(session, bomb)));
  expect(new Set(answers.map((answer) => answer.status))).toEqual(
    new Set([status.RESOURCE_EXHAUSTED]),
  );
  expect((await send(session, zstdCompressSync(Buffer.alloc(MIB)))).status).toBe(status.OK);
  expect([kept.requests.length, budget.usedBytes]).toEqual([1, 0]);
});

test("other encodings stay unknown", async () => {
  const { session } = await start();
  const answer = await send(session, Buffer.from("x"), "snappy");
  expect(answer.status).toBe(status.UNIMPLEMENTED);
});
