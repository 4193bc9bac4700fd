/**
 * Sends encoded requests as cheaply as Node can: HTTP/1.1 on bare sockets, gRPC without encoding.
 *
 * In: bodies. Out: answers. Side effects: connections. A body is not touched, and must not be
 * changed until its answer has come.
 */
import { connect, type Socket } from "node:net";
import { constants, gzipSync } from "node:zlib";
import {
  Client,
  compressionAlgorithms,
  credentials,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import type { Answer, LoadTarget, Sender } from "./load-types.ts";

/** Connections that gRPC's requests share. */
const GRPC_CONNECTIONS = 4;

/** Longest wait for an answer, in milliseconds: above the receiver's own. */
const ANSWER_TIMEOUT_MS = 60_000;

/** Compressing is not what is measured. */
const GZIP_FAST = { level: constants.Z_BEST_SPEED };

const EXPORT_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

export function createSender(target: LoadTarget): Sender {
  return target.transport === "grpc" ? grpcSender(target) : httpSender(target);
}

function grpcSender({ url, isGzipped = false }: LoadTarget): Sender {
  const clients = Array.from(
    { length: GRPC_CONNECTIONS },
    () =>
      new Client(new URL(url).host, credentials.createInsecure(), {
        // Without it the four would share one connection.
        "grpc.use_local_subchannel_pool": 1,
        ...(isGzipped && { "grpc.default_compression_algorithm": compressionAlgorithms.gzip }),
      }),
  );
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    send: (slot, body) =>
      new Promise<Answer>((resolve) => {
        const client = clients[slot % GRPC_CONNECTIONS];
        const deadline = Date.now() + ANSWER_TIMEOUT_MS;
        client?.makeUnaryRequest(EXPORT_PATH, same, same, body, { deadline }, (error, answer) => {
          if (error === null) resolve(judge(answer));
          else if (isBroken(error)) resolve({ kind: "unanswered" });
          else resolve({ kind: "refused", status: status[error.code] ?? String(error.code) });
        });
      }),
    close: () => {
      for (const client of clients) client.close();
    },
  };
}

/** grpc-js's own words for a broken connection, not a server's. */
function isBroken({ code, details }: ServiceError): boolean {
  if (code === status.DEADLINE_EXCEEDED) return true;
  return (
    code === status.UNAVAILABLE && /ECONN|EPIPE|^No connection|^Connection dropped/.test(details)
  );
}

/** Full success is an empty answer, or an empty field 1 as Collectors write it. */
function judge(answer: Uint8Array | undefined): Answer {
  if (answer === undefined || answer.length === 0) return { kind: "acknowledged" };
  if (answer.length === 2 && answer[1] === 0) return { kind: "acknowledged" };
  return { kind: "refused", status: "partial success" };
}

function httpSender({ url, isGzipped = false }: LoadTarget): Sender {
  const { hostname, port, host } = new URL(url);
  const connections: HttpConnection[] = [];
  return {
    send: (slot, body) => {
      let connection = connections[slot];
      if (connection === undefined || connection.isClosed) {
        connection = new HttpConnection(connect(Number(port), hostname), host, isGzipped);
        connections[slot] = connection;
      }
      return connection.send(isGzipped ? gzipSync(body, GZIP_FAST) : body);
    },
    close: () => {
      for (const connection of connections) connection?.close();
    },
  };
}

/** One keep-alive connection with one request under way. */
class HttpConnection {
  isClosed = false;
  readonly #socket: Socket;
  readonly #head: string;
  #received = "";
  #answered: ((answer: Answer) => void) | undefined;

  constructor(socket: Socket, host: string, isGzipped: boolean) {
    this.#head =
      `POST /v1/traces HTTP/1.1\r\nHost: ${host}\r\n` +
      `Content-Type: application/x-protobuf\r\n${isGzipped ? "Content-Encoding: gzip\r\n" : ""}` +
      "Content-Length: ";
    this.#socket = socket.setNoDelay(true).setTimeout(ANSWER_TIMEOUT_MS);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk.toString("latin1")));
    socket.on("timeout", () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.isClosed = true;
      this.#end({ kind: "unanswered" });
    });
  }

  send(body: Buffer): Promise<Answer> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket.cork();
      this.#socket.write(`${this.#head}${body.length}\r\n\r\n`);
      this.#socket.write(body);
      this.#socket.uncork();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: string): void {
    this.#received += chunk;
    const headEnd = this.#received.indexOf("\r\n\r\n");
    if (headEnd === -1) return;
    const head = this.#received.slice(0, headEnd);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < headEnd + 4 + length) return;
    const code = head.slice(9, 12);
    const body = Buffer.from(this.#received.slice(headEnd + 4, headEnd + 4 + length), "latin1");
    this.#received = this.#received.slice(headEnd + 4 + length);
    if (/\r\nconnection: *close/i.test(head)) {
      this.isClosed = true;
      this.#socket.destroy();
    }
    if (code !== "200") this.#end({ kind: "refused", status: code });
    else this.#end(judge(body));
  }

  #end(answer: Answer): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(answer);
  }
}
