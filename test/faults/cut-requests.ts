/**
 * Requests that their senders break off.
 *
 * In: a body and how it is cut. Out: nothing, once the connection is gone; or the status that a
 * whole request with half a message got. Side effects: connections of their own.
 */
import { once } from "node:events";
import { connect as http2Connect } from "node:http2";
import { type Socket, connect as tcpConnect } from "node:net";
import { EXPORT_PATH, type OtlpPorts } from "./clients.ts";
import type { Random } from "./random.ts";

/**
 * - `body`: the connection breaks within the body
 * - `answer`: the whole request is sent, and the connection breaks before its answer
 */
export type CutPlace = "body" | "answer";

/** A request over HTTP/1.1, cut. */
export async function cutHttp(
  ports: OtlpPorts,
  body: Buffer,
  place: CutPlace,
  random: Random,
): Promise<void> {
  const socket = tcpConnect(ports.otlpHttp, "127.0.0.1");
  socket.on("error", () => undefined);
  const isChunked = random.chance(0.5);
  const head = [
    "POST /v1/traces HTTP/1.1",
    "Host: 127.0.0.1",
    "Content-Type: application/x-protobuf",
    isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`,
  ];
  const framed = isChunked
    ? Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")])
    : body;
  const end = isChunked && place === "answer" ? "0\r\n\r\n" : "";
  // A chunk that is whole, without the last one, is a cut body too.
  const size = place === "answer" ? framed.length : random.integer(0, body.length - 1);
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  await write(socket, Buffer.concat([framed.subarray(0, size), Buffer.from(end)]));
  await leave(socket, random);
}

async function write(socket: Socket, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.write(bytes, () => resolve());
    socket.once("close", () => resolve());
  });
}

/** End in order, or reset. */
async function leave(socket: Socket, random: Random): Promise<void> {
  if (socket.destroyed) return;
  const closed = once(socket, "close");
  if (random.chance(0.5)) socket.resetAndDestroy();
  else socket.destroy();
  await closed;
}

/** The frame of a gRPC message: not compressed, its length. */
function grpcFrame(body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** A call over gRPC, cut: the stream is ended within the message, cancelled, or the connection goes. */
export async function cutGrpc(
  ports: OtlpPorts,
  body: Buffer,
  place: CutPlace,
  random: Random,
): Promise<void> {
  const session = http2Connect(`http://127.0.0.1:${ports.otlpGrpc}`);
  session.on("error", () => undefined);
  const stream = session.request({
    ":method": "POST",
    ":path": EXPORT_PATH,
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => undefined);
  const frame = grpcFrame(body);
  const size = place === "answer" ? frame.length : random.integer(1, frame.length - 1);
  await new Promise<void>((resolve) => {
    stream.write(frame.subarray(0, size), () => resolve());
    stream.once("close", () => resolve());
  });
  const closed = once(session, "close");
  if (random.chance(0.5)) {
    const isEnded = place === "body" && random.chance(0.5);
    if (isEnded) stream.end();
    else stream.close(8);
    stream.resume();
    if (!stream.closed) await once(stream, "close");
    session.close();
  } else {
    session.destroy();
  }
  await closed;
}
