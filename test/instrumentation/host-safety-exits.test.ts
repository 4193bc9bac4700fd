/**
 * Goal: an application that ends abruptly, or whose receiver is hostile, behaves as it would without
 * us, and its spans arrive where they can. Method: real processes; output, exit code and standard
 * error are compared with those of the same application with the SDK disabled.
 */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, runApp } from "./child.ts";
import { type GrpcServer, startGrpcServer } from "./grpc-server.ts";

let receiver: GrpcServer;
const hostile = new Map<string, { readonly server: Server; readonly protocol: string }>();

/** Larger than what any receiver answers, in bytes. */
const FLOOD_SIZE_BYTES = 20_000_000;

beforeAll(async () => {
  receiver = await startGrpcServer();
  const nonsense = (): Server =>
    createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end("\u0000\u0001 nonsense");
    });
  const hangUp = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.destroy());
  });
  const flood = createHttpServer((request, response) => {
    request.resume();
    response.on("error", () => undefined);
    response.writeHead(500).end(Buffer.alloc(FLOOD_SIZE_BYTES));
  });
  const busy = createHttpServer((request, response) => {
    request.resume();
    response.writeHead(503, { "retry-after": "3600" }).end();
  });
  hostile.set("speaks nonsense over gRPC", { server: nonsense(), protocol: "grpc" });
  hostile.set("speaks nonsense over HTTP", { server: nonsense(), protocol: "http/json" });
  hostile.set("hangs up", { server: hangUp, protocol: "grpc" });
  hostile.set("floods with errors", { server: flood, protocol: "http/protobuf" });
  hostile.set("is busy for an hour", { server: busy, protocol: "http/json" });
  for (const { server } of hostile.values()) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
});
afterAll(() => {
  receiver.close();
  for (const { server } of hostile.values()) server.close();
});

function run(app: string, arg: string, environment: Readonly<Record<string, string>>) {
  return runApp(app, [arg], { environment: { SPANLEDGER_QUIET: "1", ...environment } });
}

function without(app: string, arg: string): Promise<Ended> {
  return run(app, arg, { OTEL_SDK_DISABLED: "true" });
}

describe.each(["exit", "throw", "reject"])("an application that ends by %s", (how) => {
  test("ends as it does without us, and its spans arrive", async () => {
    const before = receiver.calls.length;
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: "60000",
    };
    expect(await run("exits.mjs", how, environment)).toEqual(await without("exits.mjs", how));
    const messages = receiver.calls.slice(before).map(({ message }) => message);
    expect(messages).toHaveLength(1);
    expect(messages[0]?.includes("invoke_workflow exits")).toBe(true);
  });
});

describe.each([
  "speaks nonsense over gRPC",
  "speaks nonsense over HTTP",
  "hangs up",
  "floods with errors",
  "is busy for an hour",
])("a receiver that %s", (kind) => {
  test.each([
    ["runs.mjs", "300"],
    ["exits.mjs", "exit"],
  ])("is not noticed by %s", async (app, arg) => {
    const { server, protocol } = hostile.get(kind) as { server: Server; protocol: string };
    const { port } = server.address() as AddressInfo;
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    };
    expect(await run(app, arg, environment)).toEqual(await without(app, arg));
  });
});
