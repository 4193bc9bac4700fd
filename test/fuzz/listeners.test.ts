/**
 * Goal: whatever bytes come in, the listeners answer as OTLP prescribes and live on.
 * Method: seeded mutation of valid requests, sent to real listeners whose handler turns them into
 * rows with the shipped encoder. SPANLEDGER_TEST_SEED repeats a run.
 */

import { Client, credentials, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testSeed } from "../../receiver/src/base/seed.test.helper.ts";
import { firstPlace } from "../../receiver/src/classify/place.ts";
import { createEncoding } from "../../receiver/src/encode-request.ts";
import { startOtlpGrpc } from "../../receiver/src/otlp/grpc-server.ts";
import { startOtlpHttp } from "../../receiver/src/otlp/http-server.ts";
import type { ExportRequest, OtlpServer } from "../../receiver/src/otlp/types.ts";
import { createRedactor } from "../../receiver/src/redact/index.ts";
import { EXAMPLE_TRACE_JSON } from "../otlp/example-trace.ts";
import { randomOf } from "./random.ts";
import { mutated, request } from "./requests.ts";

const SEED = testSeed();
const ROUNDS = 300;
const JSON_TEXT: Buffer = Buffer.from(EXAMPLE_TRACE_JSON);

let http: OtlpServer;
let grpc: OtlpServer;
let lines: string[];

beforeAll(async () => {
  lines = [];
  const encoderOf = createEncoding(createRedactor({ key: new Uint8Array(32).fill(7) }));
  const place = firstPlace({
    batchId: "01J00000000000000000000000",
    workspaceId: "acme",
    retentionClass: "standard",
    receivedAtMs: Date.UTC(2026, 0, 1),
  });
  const note = (_fields: object, message: string): void => void lines.push(message);
  const options = {
    host: "127.0.0.1",
    port: 0,
    log: { debug: note, warn: note, error: note },
    handler: async (received: ExportRequest) => {
      const { rejected, message } = encoderOf(received)(place);
      return { rejected, message };
    },
  };
  http = await startOtlpHttp(options);
  grpc = await startOtlpGrpc(options);
});

afterAll(() => Promise.all([http.stop(1_000), grpc.stop(1_000)]));

test.each(["traces", "logs"])(
  `seed ${SEED}: HTTP, %s: 200 or 400, then a good one`,
  async (signal) => {
    const url = `http://127.0.0.1:${http.port}/v1/${signal}`;
    const random = randomOf(SEED);
    const send = async (body: Buffer, type: string): Promise<number> => {
      const headers = { "Content-Type": type };
      const answer = await fetch(url, { method: "POST", headers, body: new Uint8Array(body) });
      await answer.arrayBuffer();
      return answer.status;
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      const isText = round % 2 === 0;
      const body = mutated(random, isText ? JSON_TEXT : request(random));
      const got = await send(body, isText ? "application/json" : "application/x-protobuf");
      expect([200, 400], `round ${round}: ${lines.at(-1)}`).toContain(got);
    }
    expect(await send(JSON_TEXT, "application/json")).toBe(200);
  },
);

test.each(["trace.v1.TraceService", "logs.v1.LogsService"])(
  `seed ${SEED}: gRPC, %s: OK or INVALID_ARGUMENT, then a good one`,
  async (service) => {
    const client = new Client(`127.0.0.1:${grpc.port}`, credentials.createInsecure());
    const path = `/opentelemetry.proto.collector.${service}/Export`;
    const same = (bytes: Buffer): Buffer => bytes;
    const random = randomOf(SEED);
    const send = (body: Buffer): Promise<number> =>
      new Promise((resolve) => {
        client.makeUnaryRequest(path, same, same, body, (error) =>
          resolve(error?.code ?? status.OK),
        );
      });
    for (let round = 0; round < ROUNDS; round += 1) {
      const got = await send(mutated(random, request(random)));
      expect([status.OK, status.INVALID_ARGUMENT], `round ${round}: ${lines.at(-1)}`).toContain(
        got,
      );
    }
    expect(await send(Buffer.alloc(0))).toBe(status.OK);
    client.close();
  },
);
