/**
 * Goal: the API on a socket answers loopback names only, and says so when ClickHouse is away.
 * Method: the real engine, ended in the middle; requests with a `Host` header of our choice.
 */
import { once } from "node:events";
import { get } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ReadFixture, startReadFixture, tokenise } from "./fixture.test.helper.ts";
import { type ApiServer, startApi } from "./server.ts";

let fixture: ReadFixture;
let server: ApiServer;

beforeAll(async () => {
  fixture = await startReadFixture();
  server = await startApi({ host: "127.0.0.1", port: 0, client: fixture.client, tokenise });
});
afterAll(async () => {
  await server.stop();
  await fixture.stop();
});

async function statusFor(host: string, path = "/api/v1/health"): Promise<[number, string]> {
  const request = get({ port: server.port, host: "127.0.0.1", path, headers: { host } });
  const [response] = await once(request, "response");
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  return [response.statusCode, body];
}

test.each(["localhost", "127.0.0.1:8686", "[::1]:1", "LOCALHOST:80"])(
  "the name %s is answered",
  async (host) => {
    expect((await statusFor(host))[0]).toBe(200);
  },
);

test.each(["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8686", "10.0.0.1"])(
  "the name %s is refused",
  async (host) => {
    const [status, body] = await statusFor(host);
    expect(status).toBe(403);
    expect(body).toContain("HOST_REFUSED");
  },
);

test("a port that is taken rejects the start", async () => {
  const { client } = fixture;
  const second = startApi({ host: "127.0.0.1", port: server.port, client, tokenise });
  await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("a ClickHouse that does not answer makes 503, and stopping twice is fine", async () => {
  await fixture.stopEngine();
  for (const path of ["/api/v1/health", "/api/v1/runs", "/api/v1/runs/01K9XA"]) {
    const [status, body] = await statusFor("localhost", path);
    expect([path, status]).toEqual([path, 503]);
    expect(body).toContain("STORE_UNAVAILABLE");
  }
  await server.stop();
  await server.stop();
});
