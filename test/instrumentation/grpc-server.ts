/**
 * The smallest OTLP/gRPC receiver: HTTP/2, every request answered with an empty success.
 *
 * Written on `node:http2` alone, so that nothing of our own decodes what the exporter sends.
 */
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";

export interface GrpcServer {
  readonly endpoint: string;
  /** Paths that were called, with the raw bytes of each message. */
  readonly calls: readonly { readonly path: string; readonly message: Buffer }[];
  close(): void;
}

/** @param keeps whether messages are kept; without, `calls` stays empty */
export async function startGrpcServer(keeps = true): Promise<GrpcServer> {
  const calls: { path: string; message: Buffer }[] = [];
  const server = createServer();
  server.on("stream", (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => keeps && chunks.push(chunk));
    stream.on("end", () => {
      if (keeps) calls.push({ path: String(headers[":path"]), message: Buffer.concat(chunks) });
      stream.respond(
        { ":status": 200, "content-type": "application/grpc" },
        { waitForTrailers: true },
      );
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      // An uncompressed message of no bytes: an empty ExportTraceServiceResponse.
      stream.end(Buffer.alloc(5));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, calls, close: () => server.close() };
}
