/**
 * Goal: a request is recorded as OpenTelemetry's HTTP conventions say, with id, actor and the body
 * of a mutation, never with secrets, uploads or streams; and the application does not notice.
 * Method: the same application in each framework behind a real socket, with and without us.
 */
import { type IncomingMessage, request as send } from "node:http";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { isId, newId } from "@spanledger/api";
import type { HttpOptions } from "@spanledger/instrumentation-http";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type App, FRAMEWORKS, honoApp, OLDER_FRAMEWORKS, type StartApp } from "./http-apps.ts";
import { record, tree } from "./spans.ts";

const recording = record();
const apps: App[] = [];

beforeEach(() => recording.reset());
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

/** Who the application has found out: Hono keeps it in its context, the others on the request. */
const OPTIONS: HttpOptions<unknown> = {
  actor: (request) => {
    const { user, get } = request as { user?: string; get?: (name: string) => string | undefined };
    return user ?? get?.("user");
  },
};

/** @param options null is the application without the middleware */
async function started(
  start: StartApp,
  options: HttpOptions<unknown> | null = OPTIONS,
): Promise<string> {
  const app = await start(options ?? undefined);
  apps.push(app);
  return app.url;
}

/** The span of the only request, once it has ended. */
async function served(): Promise<ReadableSpan> {
  const server = (): readonly ReadableSpan[] =>
    recording.spans().filter((span) => span.kind === SpanKind.SERVER);
  await expect.poll(() => server().length).toBe(1);
  return server()[0] as ReadableSpan;
}

const JSON_TYPE = { "content-type": "application/json" };
const ORDER = { sku: "a", note: "ö", card: { cardNumber: "4111111111111111", cvc: "123" } };

function post(url: string, body: string | Uint8Array, headers: Record<string, string> = JSON_TYPE) {
  return fetch(`${url}/orders/42?page=2&token=abc`, { method: "POST", body, headers });
}

describe.each([...FRAMEWORKS, ...OLDER_FRAMEWORKS])("%s", (_, start, route) => {
  test("records a mutation with path, route, status, actor, and body without secrets", async () => {
    const url = await started(start);
    const headers = { ...JSON_TYPE, authorization: "Bearer token-of-u7", cookie: "sid=c0ffee" };
    const response = await post(url, JSON.stringify(ORDER), headers);
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ sent: ORDER });
    const span = await served();
    expect(span.name).toBe(route === undefined ? "POST" : `POST ${route}`);
    expect(span.attributes).toMatchObject({
      [OTEL.httpRequestMethod]: "POST",
      [OTEL.urlPath]: "/orders/42",
      [OTEL.urlQuery]: "page=REDACTED&token=REDACTED",
      [OTEL.urlScheme]: "http",
      [OTEL.httpResponseStatusCode]: 201,
      [OTEL.serverAddress]: "127.0.0.1",
      [OTEL.serverPort]: Number(new URL(url).port),
      [OTEL.networkProtocolVersion]: "1.1",
      [OTEL.userId]: "u7",
      [OTEL.httpRequestBodySize]: Buffer.byteLength(JSON.stringify(ORDER)),
    });
    expect(span.attributes[OTEL.httpRoute]).toBe(route);
    expect(JSON.parse(String(span.attributes[OTEL.httpRequestBody]))).toEqual({
      sku: "a",
      note: "ö",
      card: { cardNumber: "[REDACTED]", cvc: "[REDACTED]" },
    });
    expect(JSON.stringify(span.attributes)).not.toMatch(/token-of|c0ffee|abc|4111/);
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
  });

  test("gives its request id and actor to the run that its handler begins", async () => {
    const url = await started(start);
    const headers = { ...JSON_TYPE, authorization: "Bearer token-of-u7", "x-request-id": "r-1" };
    const response = await post(url, JSON.stringify(ORDER), headers);
    expect(response.headers.get("x-request-id")).toBe("r-1");
    const span = await served();
    expect(tree(recording.spans())).toEqual([span.name, "  invoke_workflow order"]);
    const [run] = recording.named("invoke_workflow order");
    expect(run?.attributes).toMatchObject({
      [WORKFLOW.requestId]: "r-1",
      [WORKFLOW.actorId]: "u7",
      [WORKFLOW.actorType]: "user",
      [OTEL.userId]: "u7",
    });
    expect(span.attributes[WORKFLOW.requestId]).toBe("r-1");
  });

  test.each(["", "a b", "x".repeat(129), "<script>"])(
    "answers with an id of its own where X-Request-ID is %j",
    async (given) => {
      const url = await started(start);
      const response = await fetch(`${url}/ping`, { headers: { "x-request-id": given } });
      const id = response.headers.get("x-request-id");
      expect(id).toHaveLength(newId().length);
      expect(isId(id)).toBe(true);
      expect((await served()).attributes[WORKFLOW.requestId]).toBe(id);
    },
  );

  test("lets no header say who acts or which run it is", async () => {
    const url = await started(start);
    const headers = {
      ...JSON_TYPE,
      "user.id": "admin",
      "x-user-id": "admin",
      baggage:
        "workflow.actor.id=admin,workflow.actor.type=user,user.id=admin,workflow.run.id=forged,workspace.id=other,request.id=forged",
    };
    await post(url, "{}", headers);
    await served();
    for (const span of recording.spans()) {
      expect(JSON.stringify(span.attributes)).not.toMatch(/admin|forged|other/);
    }
    const [run] = recording.named("invoke_workflow order");
    expect(run?.attributes[WORKFLOW.actorId]).toBe("unknown");
  });

  test("believes the baggage of its own services where it is told to", async () => {
    const url = await started(start, { trustBaggage: true });
    const baggage = "workflow.actor.id=svc,workflow.actor.type=service,workspace.id=acme";
    await post(url, "{}", { ...JSON_TYPE, baggage });
    const span = await served();
    const facts = {
      [WORKFLOW.actorId]: "svc",
      [WORKFLOW.actorType]: "service",
      [WORKFLOW.workspaceId]: "acme",
    };
    expect(span.attributes).toMatchObject(facts);
    expect(recording.named("invoke_workflow order")[0]?.attributes).toMatchObject(facts);
  });

  test("goes on with the trace that it is called in", async () => {
    const url = await started(start);
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    await fetch(`${url}/ping`, { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } });
    const span = await served();
    expect(span.spanContext().traceId).toBe(traceId);
    expect(span.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
  });

  test.each([
    ["upload", "multipart/form-data; boundary=x", "--x--"],
    ["upload", "application/octet-stream", "bytes"],
    ["upload", "image/png", "bytes"],
    ["stream", "application/x-ndjson", '{"a":1}\n'],
    ["stream", "text/event-stream", "data: 1\n\n"],
    ["unsupported_type", "application/xml", "<password>x</password>"],
    ["unparseable", "text/json", "{"],
    ["too_large", "text/plain", "x".repeat(65_537)],
  ])("records no body but its size where it is %s", async (reason, type, body) => {
    const url = await started(start);
    const response = await post(url, body, { "content-type": type });
    expect(response.status).toBe(201);
    await response.text();
    const { attributes } = await served();
    expect(attributes).not.toHaveProperty(OTEL.httpRequestBody);
    expect(attributes).toMatchObject({
      [OTEL.httpRequestBodyOmitted]: reason,
      [OTEL.httpRequestBodySize]: body.length,
    });
  });

  test("records a body of exactly the limit", async () => {
    const url = await started(start, { bodySizeMaxBytes: 16 });
    await post(url, "x".repeat(16), { "content-type": "text/plain" });
    expect((await served()).attributes[OTEL.httpRequestBody]).toBe("x".repeat(16));
    recording.reset();
    await post(url, "x".repeat(17), { "content-type": "text/plain" });
    expect((await served()).attributes[OTEL.httpRequestBodyOmitted]).toBe("too_large");
  });

  test("records a form as JSON, a name that comes twice as a list", async () => {
    const url = await started(start);
    const type = { "content-type": "application/x-www-form-urlencoded" };
    await post(url, "a=1&a=2&password=hunter2&b=%C3%B6", type);
    expect(JSON.parse(String((await served()).attributes[OTEL.httpRequestBody]))).toEqual({
      a: ["1", "2"],
      password: "[REDACTED]",
      b: "ö",
    });
  });

  test("sees a body that comes in pieces, and one that is not announced", async () => {
    const url = await started(start);
    const text = JSON.stringify({ long: "é".repeat(9_000) });
    const bytes = Buffer.from(text);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(`${url}/orders/1`, { method: "POST", headers: JSON_TYPE }, resolve);
      request.on("error", reject);
      for (let at = 0; at < bytes.length; at += 1_001)
        request.write(bytes.subarray(at, at + 1_001));
      request.end();
    });
    let received = "";
    for await (const chunk of response) received += String(chunk);
    expect(JSON.parse(received)).toEqual({ sent: JSON.parse(text) });
    const { attributes } = await served();
    expect(attributes[OTEL.httpRequestBody]).toBe(text);
    expect(attributes[OTEL.httpRequestBodySize]).toBe(bytes.length);
  });

  test("keeps no body where it is told not to", async () => {
    const url = await started(start, { captureBody: false });
    await post(url, JSON.stringify(ORDER));
    const { attributes } = await served();
    expect(attributes).not.toHaveProperty(OTEL.httpRequestBody);
    expect(attributes[OTEL.httpRequestBodyOmitted]).toBe("disabled");
  });

  test("leaves a body unread that the application does not read", async () => {
    const url = await started(start);
    const response = await fetch(`${url}/unread`, {
      method: "POST",
      body: "x".repeat(100_000),
      headers: { "content-type": "text/plain" },
    });
    expect(response.status).toBe(202);
    expect((await served()).attributes[OTEL.httpRequestBodyOmitted]).toBe("too_large");
  });

  test("records a failure as one, once", async () => {
    const url = await started(start);
    expect((await fetch(`${url}/fail`)).status).toBe(500);
    const span = await served();
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes[OTEL.httpResponseStatusCode]).toBe(500);
    expect(span.attributes[OTEL.errorType]).toMatch(/^(500|RangeError)$/);
  });

  test("ends its span when the client goes before the answer", async () => {
    const arrived = Promise.withResolvers<void>();
    const url = await started(start, { ignore: () => arrived.resolve() === null });
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write("POST /orders/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n");
    socket.write('Content-Length: 100\r\n\r\n{"a":');
    await arrived.promise;
    socket.destroy();
    expect((await served()).attributes).toMatchObject({
      [OTEL.httpRequestBodyOmitted]: "incomplete",
      [OTEL.httpRequestBodySize]: 100,
    });
  });

  test("makes no span of what is ignored, but answers with a request id", async () => {
    const url = await started(start, { ignore: ({ path }) => path === "/ping" });
    const response = await fetch(`${url}/ping`);
    expect(isId(response.headers.get("x-request-id"))).toBe(true);
    await post(url, "{}");
    expect((await served()).attributes[OTEL.urlPath]).toBe("/orders/42");
  });

  test("behaves as without us, whatever the options do", async () => {
    const broken = (): never => {
      throw new Error("no");
    };
    const odd = { actor: broken, ignore: broken, queryValues: ["page"] };
    const plain = await started(start, null);
    const ours = await started(start, odd);
    const ask = async (url: string): Promise<unknown[]> => {
      const answers: unknown[] = [];
      for (const [path, init] of [
        ["/ping", {}],
        ["/ping?%E0%A4%A&&=&x", {}],
        ["/nowhere", {}],
        ["/fail", {}],
        ["/orders/1", { method: "POST", body: "{}", headers: JSON_TYPE }],
        [
          "/orders/1",
          { method: "POST", body: "\0\xff", headers: { "content-type": "text/plain" } },
        ],
        ["/ping", { method: "HEAD" }],
      ] as const) {
        const response = await fetch(url + path, init);
        const headers = [...response.headers.keys()].filter((name) => name !== "x-request-id");
        answers.push([response.status, headers, await response.text()]);
      }
      return answers;
    };
    expect(await ask(ours)).toEqual(await ask(plain));
  });
});

describe("a compressed body", () => {
  test("is not unpacked, and says so", async () => {
    const [, start] = FRAMEWORKS[0] as (typeof FRAMEWORKS)[0];
    const url = await started(start);
    const packed = gzipSync("x".repeat(1_000));
    await post(url, packed, { "content-type": "text/plain", "content-encoding": "gzip" });
    expect((await served()).attributes).toMatchObject({
      [OTEL.httpRequestBodyOmitted]: "encoded",
      [OTEL.httpRequestBodySize]: packed.length,
    });
  });
});

describe("Hono without a socket", () => {
  test("records what Hono parsed, and consumes nothing", async () => {
    const response = await honoApp(OPTIONS).request("http://a.test/orders/42?x=1", {
      method: "POST",
      body: JSON.stringify(ORDER),
      headers: { ...JSON_TYPE, authorization: "Bearer token-of-u7" },
    });
    expect(await response.json()).toEqual({ sent: ORDER });
    expect(isId(response.headers.get("x-request-id"))).toBe(true);
    const span = await served();
    expect(span.name).toBe("POST /orders/:id");
    expect(span.attributes).toMatchObject({
      [OTEL.userId]: "u7",
      [OTEL.serverAddress]: "a.test",
      [OTEL.httpResponseStatusCode]: 201,
    });
    expect(String(span.attributes[OTEL.httpRequestBody])).toContain('"cvc":"[REDACTED]"');
  });

  test("records a failure that Hono answers", async () => {
    const response = await honoApp(OPTIONS).request("/fail");
    expect(response.status).toBe(500);
    expect((await served()).attributes[OTEL.errorType]).toBe("RangeError");
  });
});
