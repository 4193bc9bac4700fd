/**
 * Goal: the first connections of a server get wide windows, others and those of other servers do not.
 * Method: real HTTP/2 connections, which say what they were told.
 */
import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type ServerHttp2Session,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { widenWindows } from "./grpc-windows.ts";

const WIDE = 300_000;
const NARROW = 65_535;

const parts = new AsyncDisposableStack();
afterEach(() => parts.disposeAsync());

async function listen(): Promise<{ sessions: ServerHttp2Session[]; port: number }> {
  const sessions: ServerHttp2Session[] = [];
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.end("x"));
  });
  server.on("session", (session) => sessions.push(session));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  parts.defer(() => void server.close());
  return { sessions, port: (server.address() as AddressInfo).port };
}

/** A connection on which a call has been answered. */
async function called(port: number): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  parts.defer(() => session.destroy());
  const call = session.request({ ":method": "POST" });
  call.end("body");
  call.resume();
  await once(call, "end");
  return session;
}

/** What the server said that a stream may send at once. */
async function windowOf(session: ClientHttp2Session): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<void>();
  session.ping(() => resolve());
  await promise;
  return session.remoteSettings.initialWindowSize;
}

test("as many connections as may be have wide windows, also after others have gone", async () => {
  const { port, sessions } = await listen();
  const other = await listen();
  const stop = widenWindows(port, { sizeBytes: WIDE, connectionsMax: 2 });
  const first = await called(port);
  const second = await called(port);
  const third = await called(port);
  const elsewhere = await called(other.port);
  expect(await Promise.all([first, second, third, elsewhere].map(windowOf))).toEqual([
    WIDE,
    WIDE,
    NARROW,
    NARROW,
  ]);
  expect(first.state.remoteWindowSize).toBeGreaterThan(NARROW);
  const closed = once(sessions[0] as ServerHttp2Session, "close");
  first.close();
  await closed;
  const later = await called(port);
  expect(await windowOf(later)).toBe(WIDE);
  stop();
  const last = await called(port);
  expect(await windowOf(last)).toBe(NARROW);
});
