/**
 * Goal: every server of the process is recorded without a middleware, and a middleware, another
 * instrumentation's span or a leaked context never make a second or a wrong one. Method: real
 * servers of node:http and node:https, patched once for this file.
 */
import { createServer, type Server } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import { createServer as createSecureServer, get } from "node:https";
import type { AddressInfo } from "node:net";
import { context, SpanKind, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { currentRun, workflow } from "@spanledger/api";
import { HttpInstrumentation, recordRequests, setActor } from "@spanledger/instrumentation-http";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FRAMEWORKS, OLDER_FRAMEWORKS } from "./http-apps.ts";
import { record } from "./spans.ts";

/** TLS without certificates: what matters here is the server, not whom it is. */
const ANONYMOUS = {
  ciphers: "aNULL:@SECLEVEL=0",
  maxVersion: "TLSv1.2",
  rejectUnauthorized: false,
} as const;

const recording = record();
const instrumentation = new HttpInstrumentation();
const closing: (() => Promise<unknown>)[] = [];

beforeEach(() => recording.reset());
afterEach(async () => {
  instrumentation.setConfig({});
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function served(): Promise<ReadableSpan> {
  const server = () => recording.spans().filter((span) => span.kind === SpanKind.SERVER);
  await expect.poll(() => server().length).toBe(1);
  return server()[0] as ReadableSpan;
}

test.each([...FRAMEWORKS, ...OLDER_FRAMEWORKS])(
  "a server of %s is recorded without a middleware",
  async (_, start) => {
    const app = await start();
    closing.push(() => app.close());
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: '{"a":1}' };
    const response = await fetch(`${app.url}/orders/1`, init);
    expect(await response.json()).toEqual({ sent: { a: 1 } });
    const span = await served();
    expect(span.attributes).toMatchObject({
      [OTEL.httpRequestBody]: '{"a":1}',
      [WORKFLOW.requestId]: response.headers.get("x-request-id"),
    });
    const [run] = recording.named("invoke_workflow order");
    expect(run?.parentSpanContext?.spanId).toBe(span.spanContext().spanId);
  },
);

test.each(FRAMEWORKS)(
  "a middleware of %s adds route and actor to that span",
  async (_, start, route) => {
    const app = await start({ actor: () => "u9", captureBody: false });
    closing.push(() => app.close());
    await fetch(`${app.url}/orders/1`, { method: "POST", body: "a" });
    const { attributes } = await served();
    expect(attributes).toMatchObject({
      [OTEL.userId]: "u9",
      [OTEL.httpRequestBodyOmitted]: "disabled",
    });
    expect(attributes[OTEL.httpRoute]).toBe(route);
  },
);

test("a secure server is recorded with its scheme", async () => {
  const server = createSecureServer(ANONYMOUS, (_, response) => response.end("ok"));
  const port = await listening(server);
  await new Promise((resolve, reject) => {
    get({ ...ANONYMOUS, host: "127.0.0.1", port }, (response) =>
      response.resume().on("end", resolve),
    ).on("error", reject);
  });
  expect((await served()).attributes[OTEL.urlScheme]).toBe("https");
});

test("a request over HTTP/2 is recorded by its listener", async () => {
  const serve = recordRequests(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    response.statusCode = 201;
    response.end(text);
  });
  const server = createHttp2Server(serve as never);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = connect(`http://127.0.0.1:${port}`);
  closing.push(async () => {
    client.close();
    await new Promise((resolve) => server.close(resolve));
  });
  const stream = client.request({
    ":method": "POST",
    ":path": "/a?b=c",
    "content-type": "text/plain",
  });
  stream.end("hello");
  let headers: Readonly<Record<string, unknown>> = {};
  stream.on("response", (received) => {
    headers = received;
  });
  let answer = "";
  for await (const chunk of stream) answer += String(chunk);
  expect(answer).toBe("hello");
  const { attributes } = await served();
  expect(attributes).toMatchObject({
    [OTEL.httpRequestBody]: "hello",
    [OTEL.httpResponseStatusCode]: 201,
    [OTEL.networkProtocolVersion]: "2.0",
    [OTEL.serverAddress]: "127.0.0.1",
    [OTEL.urlPath]: "/a",
    [WORKFLOW.requestId]: headers["x-request-id"],
  });
});

test("a request is no part of the run in which its server was started", async () => {
  let runId: string | undefined = "unset";
  const server = createServer((_, response) => {
    runId = currentRun()?.runId;
    response.end();
  });
  const port = await workflow({ id: "boot", name: "boot" }, () => listening(server));
  await (await fetch(`http://127.0.0.1:${port}`)).text();
  const span = await served();
  expect(span.parentSpanContext).toBeUndefined();
  expect(span.attributes).not.toHaveProperty(WORKFLOW.runId);
  expect(runId).toBeUndefined();
});

test("the SERVER span of another instrumentation is completed, not doubled", async () => {
  instrumentation.disable();
  const tracer = trace.getTracer("another");
  const serve = recordRequests(
    (request, response) => request.resume().on("end", () => response.end("ok")),
    { actor: () => "u1" },
  );
  const server = createServer((request, response) => {
    const span = tracer.startSpan("theirs", { kind: SpanKind.SERVER });
    response.on("close", () => span.end());
    context.with(trace.setSpan(context.active(), span), () => serve(request, response));
  });
  try {
    const port = await listening(server);
    const headers = { "content-type": "text/plain" };
    await fetch(`http://127.0.0.1:${port}`, { method: "POST", body: "hello", headers });
    const span = await served();
    expect(span.name).toBe("theirs");
    expect(span.attributes).toMatchObject({
      [OTEL.httpRequestBody]: "hello",
      [OTEL.userId]: "u1",
    });
  } finally {
    instrumentation.enable();
  }
});

test("the application can say who acts, and is not disturbed where there is no request", async () => {
  setActor("nobody");
  const server = createServer((_, response) => {
    setActor({ id: "bot", type: "agent" });
    setActor({ id: "", type: "agent" });
    response.end();
  });
  const port = await listening(server);
  await (await fetch(`http://127.0.0.1:${port}`)).text();
  const { attributes } = await served();
  expect(attributes).toMatchObject({ [WORKFLOW.actorId]: "bot", [WORKFLOW.actorType]: "agent" });
  expect(attributes).not.toHaveProperty(OTEL.userId);
});

test.each([Promise.resolve("u1"), 7, {}, "", "x".repeat(257), null])(
  "an actor of %j is nobody",
  async (actor) => {
    instrumentation.setConfig({ actor: () => actor as never });
    const port = await listening(createServer((_, response) => response.end()));
    await (await fetch(`http://127.0.0.1:${port}`)).text();
    expect((await served()).attributes).not.toHaveProperty(WORKFLOW.actorId);
  },
);

test("nothing is recorded or answered when disabled", async () => {
  instrumentation.disable();
  try {
    const port = await listening(createServer((_, response) => response.end()));
    const response = await fetch(`http://127.0.0.1:${port}`);
    expect(response.headers.has("x-request-id")).toBe(false);
    expect(recording.spans()).toEqual([]);
  } finally {
    instrumentation.enable();
  }
});
