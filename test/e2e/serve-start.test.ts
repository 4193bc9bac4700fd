/**
 * Goal: a start that cannot succeed says what to do, or ends when it is told to.
 * Method: the real program, beside listeners that have what it wants.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../../receiver/src/main.ts", import.meta.url));

let dataDir: string;
let listener: Server;
let port: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "spanledger-start-"));
  listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  port = String((listener.address() as AddressInfo).port);
});

afterEach(async () => {
  listener.close();
  await rm(dataDir, { recursive: true, force: true });
});

function serve(settings: Readonly<Record<string, string>>): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, ["--conditions=@spanledger/source", MAIN, "serve"], {
    env: {
      PATH: process.env.PATH,
      SPANLEDGER_DATA_DIR: dataDir,
      SPANLEDGER_OTLP_GRPC_PORT: "0",
      SPANLEDGER_OTLP_HTTP_PORT: "0",
      SPANLEDGER_API_PORT: "0",
      SPANLEDGER_CLICKHOUSE_PORT: "0",
      ...settings,
    },
  });
}

test.each([
  "SPANLEDGER_OTLP_GRPC_PORT",
  "SPANLEDGER_OTLP_HTTP_PORT",
  "SPANLEDGER_API_PORT",
  "SPANLEDGER_CLICKHOUSE_PORT",
])("a port that is taken is named by its setting %s", async (variable) => {
  const child = serve({ [variable]: port });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number];
  expect(code).toBe(3);
  expect(log).toContain(`another program listens on the port of ${variable}`);
});

test("SIGTERM ends a start that waits for a silent ClickHouse", async () => {
  const asked = once(listener, "connection");
  const child = serve({ SPANLEDGER_CLICKHOUSE_URL: `http://127.0.0.1:${port}` });
  const [socket] = await asked;
  child.kill("SIGTERM");
  const [code] = (await once(child, "close")) as [number];
  socket.destroy();
  expect(code).toBe(0);
});
