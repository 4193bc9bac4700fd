/**
 * Goal: the application never notices us. Method: real processes with a receiver that is there,
 * that is not there, and that never answers; their output, exit code and signal.
 */

import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runApp } from "./child.ts";
import { type GrpcServer, startGrpcServer } from "./grpc-server.ts";

let receiver: GrpcServer;
/** Accepts connections and never says anything. */
let silent: Server;
let silentEndpoint: string;
/** An address at which nobody listens. */
let nobody: string;

beforeAll(async () => {
  receiver = await startGrpcServer();
  silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  silentEndpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const gone = createServer();
  await new Promise<void>((resolve) => gone.listen(0, "127.0.0.1", resolve));
  nobody = `http://127.0.0.1:${(gone.address() as AddressInfo).port}`;
  await new Promise((resolve) => gone.close(resolve));
});
afterAll(() => {
  receiver.close();
  silent.close();
});

const to = (endpoint: string) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });

describe("an application that ends by itself", () => {
  test("sends every span over gRPC before it ends", async () => {
    const before = receiver.calls.length;
    const ended = await runApp("runs.mjs", ["1"], { environment: to(receiver.endpoint) });
    expect(ended).toMatchObject({ code: 3, stdout: "done\n" });
    const calls = receiver.calls.slice(before);
    expect(calls.map((call) => call.path)).toEqual([
      "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    ]);
    expect(calls[0]?.message.includes("invoke_workflow runs")).toBe(true);
    expect(calls[0]?.message.includes("run_step work")).toBe(true);
  });

  test.each([
    ["is down", () => nobody],
    ["never answers", () => silentEndpoint],
  ])("ends with its own code and output when the receiver %s", async (_, endpoint) => {
    const ended = await runApp("runs.mjs", ["100"], { environment: to(endpoint()) });
    expect(ended).toMatchObject({ code: 3, signal: null, stdout: "done\n" });
    expect(ended.stderr.replaceAll(/^spanledger: .*\n/gm, "")).toBe("");
  });

  test("says nothing with SPANLEDGER_QUIET=1", async () => {
    const environment = { ...to(nobody), SPANLEDGER_QUIET: "1" };
    const ended = await runApp("runs.mjs", ["1"], { environment });
    expect(ended).toMatchObject({ code: 3, stderr: "" });
  });

  test("records nothing with OTEL_SDK_DISABLED=true, and says so", async () => {
    const before = receiver.calls.length;
    const environment = { ...to(receiver.endpoint), OTEL_SDK_DISABLED: "true" };
    const ended = await runApp("runs.mjs", ["1"], { environment });
    expect(ended).toMatchObject({ code: 3, stdout: "done\n" });
    expect(ended.stderr).toBe("spanledger: not started: OTEL_SDK_DISABLED is true\n");
    expect(receiver.calls).toHaveLength(before);
  });
});

describe.each(["SIGTERM", "SIGINT"] as const)("an application that gets %s", (signal) => {
  test("dies by that signal where it has no handler, after its spans were sent", async () => {
    const before = receiver.calls.length;
    const ended = await runApp("waits.mjs", [], {
      environment: { ...to(receiver.endpoint), OTEL_BSP_SCHEDULE_DELAY: "60000" },
      onOutput: (stdout, kill) => stdout === "ready\n" && kill(signal),
    });
    expect(ended).toMatchObject({ code: null, signal });
    expect(receiver.calls.slice(before)).toHaveLength(1);
  });

  test("dies by that signal also where the receiver is down", async () => {
    const ended = await runApp("waits.mjs", [], {
      environment: to(nobody),
      onOutput: (stdout, kill) => stdout === "ready\n" && kill(signal),
    });
    expect(ended).toMatchObject({ code: null, signal });
  });
});

test("an application with a handler of its own for SIGTERM decides how it ends", async () => {
  const before = receiver.calls.length;
  const ended = await runApp("waits.mjs", ["handler"], {
    environment: { ...to(receiver.endpoint), OTEL_BSP_SCHEDULE_DELAY: "60000" },
    onOutput: (stdout, kill) => stdout === "ready\n" && kill("SIGTERM"),
  });
  expect(ended).toMatchObject({ code: 7, signal: null, stdout: "ready\ncleaning up\n" });
  expect(receiver.calls.slice(before)).toHaveLength(1);
});
