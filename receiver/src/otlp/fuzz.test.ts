/**
 * Goal: whatever bytes come in, the servers answer and live on. What becomes of the bytes is tested
 * in test/fuzz.
 * Method: seeded mutation of valid requests. SPANLEDGER_FUZZ_SEED repeats a run.
 */
import { randomInt } from "node:crypto";
import { Client, credentials, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { startOtlpGrpc } from "./grpc-server.ts";
import { startOtlpHttp } from "./http-server.ts";
import { recorder } from "./servers.test.helper.ts";
import { attribute, field, fixed64, int, request, span } from "./wire.test.helper.ts";

const SEED = Number(process.env.SPANLEDGER_FUZZ_SEED ?? randomInt(2 ** 31));
const SERVER_ROUNDS = 300;

/** Mulberry32: small, seeded, good enough to pick bytes. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const RICH_SPAN = span({
  4: field(4, Buffer.alloc(8, 7)),
  6: int(6, 2),
  9: Buffer.concat([
    attribute(9, "text", field(1, "über 😀")),
    attribute(9, "number", int(3, -5)),
    attribute(9, "list", field(6, attribute(1, "a", field(5, field(1, int(3, 1)))))),
    attribute(9, "bytes", field(7, Buffer.from([0, 255]))),
  ]),
  11: field(11, fixed64(1, 5n), field(2, "tick")),
  13: field(13, field(1, Buffer.alloc(16, 1)), field(2, Buffer.alloc(8, 1))),
  15: field(15, field(2, "m"), int(3, 2)),
});
const PROTOBUF = request(RICH_SPAN, span(), RICH_SPAN);
const JSON_TEXT = Buffer.from(
  '{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":{"intValue":1}}]},' +
    '"scopeSpans":[{"scope":{"name":"s"},"spans":[{"traceId":"5b8efff798038103d269b633813fc60c",' +
    '"spanId":"eee19b7ec3c1b174","startTimeUnixNano":1544712660000000001,"kind":2,' +
    '"endTimeUnixNano":"1544712660000000002","attributes":[{"key":"k","value":{"arrayValue":' +
    '{"values":[{"doubleValue":1.5},{"bytesValue":"AP8="}]}}}],"events":[{"name":"\\ud83d\\ude00"}]}' +
    "]}]}]}",
);
const JSON_BITS = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "null",
  "1e400",
  "-",
  "\\u",
  "\ud83d",
  "9".repeat(20),
];

/** One to four changes: a byte, a cut, a doubling, a splice, and for text a bit of syntax. */
function mutate(source: Buffer, next: (below: number) => number, text: boolean): Buffer {
  let bytes = Buffer.from(source);
  for (let changes = 1 + next(4); changes > 0; changes -= 1) {
    const at = next(bytes.length + 1);
    const length = next(20);
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    const kind = next(text ? 6 : 5);
    if (kind === 0) bytes = Buffer.concat([head, Buffer.from([next(256)]), tail.subarray(1)]);
    else if (kind === 1) bytes = Buffer.concat([head, tail.subarray(length)]);
    else if (kind === 2) bytes = Buffer.concat([head, tail.subarray(0, length), tail]);
    else if (kind === 3) bytes = head;
    else if (kind === 4) bytes = Buffer.concat([head, Buffer.alloc(length, next(256)), tail]);
    else bytes = Buffer.concat([head, Buffer.from(JSON_BITS[next(JSON_BITS.length)] ?? ""), tail]);
  }
  return bytes;
}

test("a listener answers mutated HTTP requests with 200 or 400 only, and then a good one", async () => {
  const server = await startOtlpHttp(recorder().options);
  const url = `http://127.0.0.1:${server.port}/v1/traces`;
  const next = generator(SEED);
  const send = async (body: Buffer, type: string): Promise<number> => {
    const headers = { "Content-Type": type };
    const answer = await fetch(url, { method: "POST", headers, body: new Uint8Array(body) });
    await answer.arrayBuffer();
    return answer.status;
  };
  for (let round = 0; round < SERVER_ROUNDS; round += 1) {
    const text = round % 2 === 0;
    const body = mutate(text ? JSON_TEXT : PROTOBUF, next, text);
    const got = await send(body, text ? "application/json" : "application/x-protobuf");
    expect([200, 400], `seed ${SEED}, round ${round}`).toContain(got);
  }
  expect(await send(JSON_TEXT, "application/json")).toBe(200);
  await server.stop(1_000);
});

test("a listener answers mutated gRPC calls with OK or INVALID_ARGUMENT only", async () => {
  const server = await startOtlpGrpc(recorder().options);
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  const same = (bytes: Buffer): Buffer => bytes;
  const next = generator(SEED);
  const send = (body: Buffer): Promise<number> =>
    new Promise((resolve) => {
      client.makeUnaryRequest(path, same, same, body, (error) => resolve(error?.code ?? status.OK));
    });
  for (let round = 0; round < SERVER_ROUNDS; round += 1) {
    const got = await send(mutate(PROTOBUF, next, false));
    expect([status.OK, status.INVALID_ARGUMENT], `seed ${SEED}, round ${round}`).toContain(got);
  }
  expect(await send(PROTOBUF)).toBe(status.OK);
  client.close();
  await server.stop(1_000);
});
