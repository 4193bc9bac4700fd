/**
 * The real OTLP listeners with a handler that keeps what it got.
 *
 * In: what the handler answers. Out: addresses, requests, refusals. Side effects: two servers on
 * free ports for as long as the tests of the calling file run; before each test both lists are empty.
 */
import { afterAll, beforeAll, beforeEach } from "vitest";
import { startOtlpGrpc } from "../../receiver/src/otlp/grpc-server.ts";
import { startOtlpHttp } from "../../receiver/src/otlp/http-server.ts";
import type { ExportOutcome, ExportRequest, OtlpServer } from "../../receiver/src/otlp/types.ts";

const STOP_GRACE_MS = 1_000;

export interface KeepingListeners {
  grpcUrl: string;
  httpUrl: string;
  readonly received: ExportRequest[];
  /** What the servers logged: every request that they refused. */
  readonly refusals: string[];
}

export function useKeepingListeners(outcome: ExportOutcome): KeepingListeners {
  const on: KeepingListeners = { grpcUrl: "", httpUrl: "", received: [], refusals: [] };
  const keep = (_fields: object, message: string): void => void on.refusals.push(message);
  let servers: readonly OtlpServer[] = [];

  beforeAll(async () => {
    const options = {
      host: "127.0.0.1",
      port: 0,
      log: { debug: () => undefined, warn: keep, error: keep },
      handler: async (request: ExportRequest) => {
        on.received.push(request);
        return outcome;
      },
    };
    const grpc = await startOtlpGrpc(options);
    const http = await startOtlpHttp(options);
    servers = [grpc, http];
    on.grpcUrl = `http://127.0.0.1:${grpc.port}`;
    on.httpUrl = `http://127.0.0.1:${http.port}`;
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop(STOP_GRACE_MS)));
  });

  beforeEach(() => {
    on.received.length = 0;
    on.refusals.length = 0;
  });
  return on;
}
