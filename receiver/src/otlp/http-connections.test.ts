/**
 * Goal: connections are treated well, also slow, rude and broken ones, and the server lives on.
 * Method: exact bytes over sockets to a real listener.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ByteBudget } from "./byte-budget.ts";
import { startOtlpHttp } from "./http-server.ts";
import { DONE, recorder } from "./servers.test.helper.ts";
import type { OtlpServer } from "./types.ts";

const SIZE_MAX_BYTES = 100_000;
const budget = new ByteBudget(SIZE_MAX_BYTES);
const kept = recorder({ budget, bodySizeMaxBytes: SIZE_MAX_BYTES, receiveTimeoutMs: 200 });
const JSON_TYPE = { "Content-Type": "application/json" };
const TRACE_JSON =
  '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c",' +
  '"spanId":"eee19b7ec3c1b174","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}';
let server: OtlpServer;

beforeAll(async () => {
  server = await startOtlpHttp(kept.options);
});

afterAll(async () => {
  await server.stop(0);
});

afterEach(async () => {
  const url = `http://127.0.0.1:${server.port}/v1/traces`;
  const after = await fetch(url, { method: "POST", headers: JSON_TYPE, body: TRACE_JSON });
  expect(await after.text()).toBe("{}");
  kept.requests.length = 0;
  expect(budget.usedBytes).toBe(0);
});

async function open(): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  socket.setNoDelay(true);
  await once(socket, "connect");
  return socket;
}

async function readUntil(socket: Socket, wanted: RegExp): Promise<string> {
  let text = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (wanted.test(text)) return text;
  }
  return text;
}

const HEAD = "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

describe("on a raw connection", () => {
  test("two requests in one packet get two answers", async () => {
    const socket = await open();
    const one = `${HEAD}Content-Length: 2\r\n\r\n{}`;
    socket.write(one + one);
    const text = await readUntil(socket, /\{\}.*\{\}$/s);
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    socket.destroy();
  });

  test("a body in chunks of one byte is read", async () => {
    const socket = await open();
    const chunks = [...TRACE_JSON].map((byte) => `1\r\n${byte}\r\n`).join("");
    socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
    expect(await readUntil(socket, /\{\}/)).toContain("200 OK");
    socket.destroy();
  });

  test("Expect: 100-continue is granted for a good head and not for a bad one", async () => {
    const good = await open();
    good.write(`${HEAD}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`);
    expect(await readUntil(good, /100 Continue\r\n\r\n/)).toContain("HTTP/1.1 100");
    good.write("{}");
    expect(await readUntil(good, /\{\}/)).toContain("HTTP/1.1 200 OK");
    good.destroy();
    const bad = await open();
    bad.write(`${HEAD}Expect: 100-continue\r\nContent-Length: 999999\r\n\r\n`);
    expect(await readUntil(bad, /\r\n\r\n/)).toMatch(/^HTTP\/1\.1 413 /);
    bad.destroy();
  });

  test("a client that sends too much and does not stop still gets to read the answer", async () => {
    const socket = await open();
    socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    const large = Buffer.alloc(SIZE_MAX_BYTES, "a").toString();
    for (let sent = 0; sent < 20; sent += 1) {
      socket.write(`${large.length.toString(16)}\r\n${large}\r\n`);
    }
    socket.write("0\r\n\r\n");
    expect(await readUntil(socket, /larger than/)).toMatch(/^HTTP\/1\.1 413 /);
    socket.write(`${HEAD}Content-Length: 2\r\n\r\n{}`);
    expect(await readUntil(socket, /\{\}$/)).toContain("200 OK");
    socket.destroy();
  });

  test("a client that stalls is asked to come back", async () => {
    const socket = await open();
    socket.write(`${HEAD}Content-Length: 10\r\n\r\n{`);
    const text = await readUntil(socket, /took too long/);
    expect(text).toMatch(/^HTTP\/1\.1 503 /);
    expect(text).toMatch(/Retry-After: 1\r\n/);
    socket.destroy();
  });

  test("a client that goes away half-way leaves nothing behind", async () => {
    const socket = await open();
    socket.write(`${HEAD}Content-Length: 10\r\n\r\n{`);
    await expect.poll(() => budget.usedBytes).toBe(1);
    socket.destroy();
    await expect.poll(() => budget.usedBytes).toBe(0);
    expect(kept.requests).toEqual([]);
  });

  test.each([
    "\r\n\r\n\0\0garbage\r\n\r\n",
    "POST /v1/traces HTTP/9\r\n\r\n",
    `GET ${"/".repeat(17_000)}`,
  ])("garbage is answered with a 4xx and a closed connection", async (garbage) => {
    const socket = await open();
    socket.write(garbage);
    expect(await readUntil(socket, /never/)).toMatch(/^HTTP\/1\.1 4\d\d /);
    socket.destroy();
  });
});

test("stopping lets a running request finish and then closes its connection", async () => {
  const own = recorder();
  const stopping = await startOtlpHttp(own.options);
  const url = `http://127.0.0.1:${stopping.port}/v1/traces`;
  const end = Promise.withResolvers<void>();
  own.respond = async () => {
    await end.promise;
    return DONE;
  };
  const send = () => fetch(url, { method: "POST", headers: JSON_TYPE, body: TRACE_JSON });
  const answer = send();
  await expect.poll(() => own.requests.length).toBe(1);
  const stopped = stopping.stop(600_000);
  end.resolve();
  expect((await answer).status).toBe(200);
  await stopped;
  await expect(send()).rejects.toThrow("fetch failed");
});

test("stopping cuts a request that takes longer than the grace", async () => {
  const own = recorder();
  const stopping = await startOtlpHttp(own.options);
  own.respond = () => new Promise(() => undefined);
  const url = `http://127.0.0.1:${stopping.port}/v1/traces`;
  const answer = fetch(url, { method: "POST", headers: JSON_TYPE, body: TRACE_JSON });
  const cut = expect(answer).rejects.toThrow("fetch failed");
  await expect.poll(() => own.requests.length).toBe(1);
  await stopping.stop(1);
  await cut;
});
