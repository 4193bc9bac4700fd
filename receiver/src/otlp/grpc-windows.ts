/**
 * Larger flow-control windows for the connections of one gRPC server.
 *
 * In: the server's port. Out: nothing. Side effect: settings of each connection, at its first call.
 *
 * HTTP/2 begins with 64 KiB, so that a message of 800 KB waits for a dozen answers; without those the
 * receiver and its sender take a tenth less of the processor for it (measured). grpc-js has no option
 * for a server's windows; Node tells of every stream on a diagnostics channel.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";

const CHANNEL = "http2.server.stream.created";

/** How wide, and for how many. */
export interface Windows {
  readonly sizeBytes: number;
  /** Connections at a time; later ones keep what they began with. */
  readonly connectionsMax: number;
}

/**
 * Widen the windows of connections to this port.
 *
 * @returns stops doing so
 */
export function widenWindows(port: number, { sizeBytes, connectionsMax }: Windows): () => void {
  const known = new WeakSet<ServerHttp2Session>();
  let wide = 0;
  const onStream = (message: unknown): void => {
    const { session } = (message as { readonly stream: ServerHttp2Stream }).stream;
    if (session?.socket.localPort !== port) return;
    const own = session as ServerHttp2Session;
    if (known.has(own) || wide >= connectionsMax) return;
    known.add(own);
    wide += 1;
    own.once("close", () => {
      wide -= 1;
    });
    own.setLocalWindowSize(sizeBytes);
    own.settings({ initialWindowSize: sizeBytes });
  };
  subscribe(CHANNEL, onStream);
  return () => {
    unsubscribe(CHANNEL, onStream);
  };
}
