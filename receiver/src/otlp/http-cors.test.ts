/**
 * Goal: a browser's page may send only where its origin is configured, and nothing tells of it where
 * that is off.
 * Method: the requests that a browser sends, to real listeners; headers are compared one by one.
 */
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOtlpHttp } from "./http-server.ts";
import { recorder } from "./servers.test.helper.ts";
import type { OtlpServer } from "./types.ts";

const PAGE = "https://shop.example.com";
const OTHER = "https://evil.example.com";
const kept = recorder();
let off: OtlpServer;
let on: OtlpServer;
let open: OtlpServer;

beforeAll(async () => {
  off = await startOtlpHttp(kept.options);
  on = await startOtlpHttp({ ...kept.options, corsOrigins: ["https://a.example.com", PAGE] });
  open = await startOtlpHttp({ ...kept.options, corsOrigins: ["*"] });
});

afterAll(async () => {
  await Promise.all([off, on, open].map((server) => server.stop(0)));
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Not with fetch, which keeps the origin to itself. */
function send(
  server: OtlpServer,
  method: string,
  headers: Record<string, string>,
  body = "",
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const options = { host: "127.0.0.1", port: server.port, path: "/v1/traces", method, headers };
  httpRequest(options, (answer) => {
    answer.resume().once("end", () => {
      resolve({ status: answer.statusCode, headers: answer.headers });
    });
  })
    .once("error", reject)
    .end(body);
  return promise;
}

function preflight(server: OtlpServer, origin: string, more: Record<string, string> = {}) {
  return send(server, "OPTIONS", {
    Origin: origin,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,x-team",
    ...more,
  });
}

const JSON_TYPE = { "Content-Type": "application/json" };

function corsNames(headers: IncomingHttpHeaders): string[] {
  return Object.keys(headers).filter((name) => name.startsWith("access-control-"));
}

describe("where origins are configured", () => {
  test("a page that asks first may send, with the headers that it asked for", async () => {
    const { status, headers } = await preflight(on, PAGE);
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      vary: "Origin",
      "access-control-allow-origin": PAGE,
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "content-type,x-team",
      "access-control-max-age": "7200",
    });
    expect(kept.requests).toEqual([]);
  });

  test("the answer to a page can be read by it, Retry-After too", async () => {
    const { status, headers } = await send(on, "POST", { ...JSON_TYPE, Origin: PAGE }, "{}");
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      vary: "Origin",
      "access-control-allow-origin": PAGE,
      "access-control-expose-headers": "Retry-After",
    });
  });

  test("a refusal can be read as well", async () => {
    const { status, headers } = await send(on, "POST", { Origin: PAGE }, "{}");
    expect([status, headers["access-control-allow-origin"]]).toEqual([415, PAGE]);
  });

  test.each([
    ["another origin", OTHER, {}],
    ["the same host by another scheme", "http://shop.example.com", {}],
    ["a longer name", `${PAGE}.evil.com`, {}],
    ["another method", PAGE, { "Access-Control-Request-Method": "DELETE" }],
  ])("%s is not let in", async (_title, origin, more) => {
    const { status, headers } = await preflight(on, origin, more);
    expect(status).toBe(405);
    expect(headers["access-control-allow-methods"]).toBeUndefined();
    if (origin !== PAGE) expect(corsNames(headers)).toEqual([]);
  });

  test("header names that are none are not given back", async () => {
    const { headers } = await preflight(on, PAGE, { "Access-Control-Request-Headers": "a b, (" });
    expect(headers["access-control-allow-headers"]).toBeUndefined();
  });

  test("a request without an origin is answered as ever", async () => {
    const { status, headers } = await send(on, "POST", JSON_TYPE, "{}");
    expect([status, corsNames(headers)]).toEqual([200, []]);
  });

  test("an asterisk lets every page in, by its own name", async () => {
    const { status, headers } = await preflight(open, OTHER);
    expect([status, headers["access-control-allow-origin"]]).toEqual([204, OTHER]);
  });
});

test("where none is configured, no answer says a word about it", async () => {
  const asked = await preflight(off, PAGE);
  expect([asked.status, corsNames(asked.headers), asked.headers.vary]).toEqual([
    405,
    [],
    undefined,
  ]);
  const sent = await send(off, "POST", { ...JSON_TYPE, Origin: PAGE }, "{}");
  expect([sent.status, corsNames(sent.headers)]).toEqual([200, []]);
});
