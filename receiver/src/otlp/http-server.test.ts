/**
 * Goal: every request, good or bad, gets the status, headers and body that OTLP prescribes, and
 * the server lives on: a good request follows each.
 * Method: exact bodies to a real listener; answers are compared byte by byte.
 */
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { StageError } from "../base/errors.ts";
import { field, int, request, span } from "../base/wire.test.helper.ts";
import { ByteBudget } from "./byte-budget.ts";
import { startOtlpHttp } from "./http-server.ts";
import { DONE, recorder } from "./servers.test.helper.ts";
import type { OtlpServer } from "./types.ts";

const SIZE_MAX_BYTES = 100_000;
const budget = new ByteBudget(SIZE_MAX_BYTES);
const kept = recorder({
  budget,
  bodySizeMaxBytes: SIZE_MAX_BYTES,
  receiveTimeoutMs: 200,
  handlerTimeoutMs: 200,
});
let server: OtlpServer;

beforeAll(async () => {
  server = await startOtlpHttp(kept.options);
});

afterAll(async () => {
  await server.stop(0);
});

afterEach(async () => {
  kept.requests.length = 0;
  kept.lines.length = 0;
  kept.respond = async () => DONE;
  expect((await post(request(span()))).status).toBe(200);
  kept.requests.length = 0;
  expect(budget.usedBytes).toBe(0);
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

async function post(
  body: Buffer | string,
  headers: Record<string, string> = { "Content-Type": "application/x-protobuf" },
  path = "/v1/traces",
  method = "POST",
): Promise<Answer> {
  const url = `http://127.0.0.1:${server.port}${path}`;
  const withBody =
    method === "GET" || method === "HEAD" ? {} : { body: new Uint8Array(Buffer.from(body)) };
  const answer = await fetch(url, { method, headers, ...withBody });
  return {
    status: answer.status,
    headers: answer.headers,
    body: Buffer.from(await answer.arrayBuffer()),
  };
}

const PROTOBUF = { "Content-Type": "application/x-protobuf" };
const JSON_TYPE = { "Content-Type": "application/json" };
const TRACE_JSON =
  '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c",' +
  '"spanId":"eee19b7ec3c1b174","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}';

describe("success", () => {
  test("protobuf is answered with an empty protobuf message", async () => {
    const answer = await post(request(span()));
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/x-protobuf");
    expect(answer.body).toHaveLength(0);
    expect(kept.requests[0]).toMatchObject({ transport: "http", format: "protobuf" });
  });

  test("JSON is answered with an empty JSON object", async () => {
    const answer = await post(TRACE_JSON, JSON_TYPE);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.body.toString()).toBe("{}");
    expect(kept.requests[0]).toMatchObject({ transport: "http", format: "json" });
  });

  test.each(["Application/JSON ; charset=UTF-8", "application/json;x=y"])(
    "the content type %s is JSON",
    async (type) => {
      expect((await post(TRACE_JSON, { "Content-Type": type })).status).toBe(200);
    },
  );

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["zstd", zstdCompressSync],
    ["ZSTD", zstdCompressSync],
  ])("the handler gets a body that was sent as %s as it was before", async (encoding, compress) => {
    const body = request(span());
    await post(compress(body), { ...PROTOBUF, "Content-Encoding": encoding });
    expect(kept.requests[0]?.body).toEqual(body);
    expect(kept.requests[0]?.sizeBytes).toBe(body.length);
  });

  test("an empty request is for the handler to judge", async () => {
    expect((await post("")).status).toBe(200);
    expect(kept.requests[0]).toMatchObject({ sizeBytes: 0 });
  });

  test.each(["traces", "logs"])("the path tells the signal: %s", async (signal) => {
    const answer = await post("{}", JSON_TYPE, `/v1/${signal}?x=1`);
    expect(answer.body.toString()).toBe("{}");
    expect(kept.requests[0]).toMatchObject({ signal, format: "json" });
  });

  test("the answer waits for the handler", async () => {
    const committed = Promise.withResolvers<void>();
    let answered = false;
    kept.respond = async () => {
      await committed.promise;
      expect(answered).toBe(false);
      return DONE;
    };
    const answer = post(request(span())).finally(() => {
      answered = true;
    });
    await expect.poll(() => kept.requests.length).toBe(1);
    committed.resolve();
    expect((await answer).status).toBe(200);
  });

  test("health is answered, so that a probe need not send spans", async () => {
    expect((await post("", {}, "/health", "GET")).body.toString()).toBe("ok\n");
  });
});

describe("partial success", () => {
  const REASON = "2 refused: trace_id must be 16 bytes, not all zero";

  test.each(["traces", "logs"])("of %s in protobuf is the same bytes", async (signal) => {
    kept.respond = async () => ({ rejected: 2, message: REASON });
    const answer = await post(request(), PROTOBUF, `/v1/${signal}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/x-protobuf");
    expect(answer.body).toEqual(field(1, int(1, 2), field(2, REASON)));
  });

  test.each([
    ["traces", "rejectedSpans"],
    ["logs", "rejectedLogRecords"],
  ])("of %s in JSON writes the count as text under %s", async (signal, name) => {
    kept.respond = async () => ({ rejected: 300, message: REASON });
    const answer = await post("{}", JSON_TYPE, `/v1/${signal}`);
    expect(answer.body.toString()).toBe(
      `{"partialSuccess":{"${name}":"300","errorMessage":"${REASON}"}}`,
    );
  });

  test("with nothing refused carries a warning", async () => {
    kept.respond = async () => ({ rejected: 0, message: "1 kept with end = start" });
    const answer = await post(request());
    expect(answer.body).toEqual(field(1, field(2, "1 kept with end = start")));
  });
});

type Case = [string, number, string, Parameters<typeof post>];
const LARGE = Buffer.alloc(SIZE_MAX_BYTES + 1);

describe("a bad request is refused with a Status body:", () => {
  test.each<Case>([
    ["bad gzip", 400, "cannot be decompressed", ["x", { ...PROTOBUF, "Content-Encoding": "gzip" }]],
    ["bad zstd", 400, "cannot be decompressed", ["x", { ...PROTOBUF, "Content-Encoding": "zstd" }]],
    ["an oversize body", 413, "larger than 100000 bytes", [LARGE]],
    [
      "a gzip bomb",
      413,
      "larger than 100000 bytes",
      [gzipSync(LARGE), { ...PROTOBUF, "Content-Encoding": "gzip" }],
    ],
    [
      "a deflate bomb",
      413,
      "larger than 100000 bytes",
      [deflateSync(LARGE), { ...PROTOBUF, "Content-Encoding": "deflate" }],
    ],
    [
      "a zstd bomb",
      413,
      "larger than 100000 bytes",
      [zstdCompressSync(LARGE), { ...PROTOBUF, "Content-Encoding": "zstd" }],
    ],
    ["text/plain", 415, "Content-Type", ["x", { "Content-Type": "text/plain" }]],
    ["no content type", 415, "Content-Type", ["x", {}]],
    [
      "an unknown encoding",
      415,
      "Content-Encoding",
      ["x", { ...PROTOBUF, "Content-Encoding": "br" }],
    ],
    ["another path", 404, "POST /v1/traces", ["x", PROTOBUF, "/v1/trace"]],
    ["metrics", 404, "takes traces and logs, not metrics", ["x", JSON_TYPE, "/v1/metrics"]],
    ["GET", 405, "POST /v1/traces", ["", {}, "/v1/traces", "GET"]],
    ["GET of logs", 405, "POST /v1/logs", ["", {}, "/v1/logs", "GET"]],
    ["OPTIONS", 405, "POST /v1/traces", ["", JSON_TYPE, "/v1/traces", "OPTIONS"]],
    ["PUT", 405, "POST /v1/traces", ["x", PROTOBUF, "/v1/traces", "PUT"]],
  ])("%s", async (_title, status, message, parameters) => {
    const answer = await post(...parameters);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("retry-after")).toBeNull();
    expect(answer.headers.get("allow")).toBe(status === 405 ? "POST" : null);
    expect(kept.requests).toEqual([]);
    expect(answer.body.toString()).toContain(message);
    const protobuf =
      parameters[1]?.["Content-Type"] ?? (parameters[1] ? "none" : PROTOBUF["Content-Type"]);
    const expected = protobuf === PROTOBUF["Content-Type"] ? protobuf : JSON_TYPE["Content-Type"];
    expect(answer.headers.get("content-type")).toBe(expected);
  });

  test("the Status is google.rpc.Status, byte by byte", async () => {
    const answer = await post(Buffer.from("x"), { ...PROTOBUF, "Content-Encoding": "gzip" });
    expect(answer.body).toEqual(
      Buffer.concat([int(1, 3), field(2, "the body cannot be decompressed")]),
    );
  });
});

class StoreDown extends StageError<"STORE_DOWN"> {
  readonly retryAfterMs = 2_500;

  constructor(retryable: boolean) {
    super("STORE_DOWN", "the store is down", { retryable });
  }
}

class Unreadable extends StageError<"OTLP_MALFORMED_PROTOBUF"> {
  constructor() {
    super("OTLP_MALFORMED_PROTOBUF", "malformed protobuf: a length beyond the end", {
      retryable: false,
    });
  }
}

describe("when the handler fails", () => {
  test("because it cannot read the body, the answer is 400 with a Status in its type", async () => {
    kept.respond = () => Promise.reject(new Unreadable());
    const message = "malformed protobuf: a length beyond the end";
    const answer = await post(request(span()));
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([400, null]);
    expect(answer.headers.get("content-type")).toBe("application/x-protobuf");
    expect(answer.body).toEqual(Buffer.concat([int(1, 3), field(2, message)]));
    const inJson = await post("{}", JSON_TYPE, "/v1/logs");
    expect(inJson.body.toString()).toBe(`{"code":3,"message":"${message}"}`);
  });

  test("retryably, the answer is 503 with Retry-After and RetryInfo", async () => {
    kept.respond = () => Promise.reject(new StoreDown(true));
    const answer = await post(request(span()));
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("3");
    const delay = Buffer.concat([int(1, 2), int(2, 500_000_000)]);
    const url = field(1, "type.googleapis.com/google.rpc.RetryInfo");
    const details = field(3, url, field(2, field(1, delay)));
    const message = field(2, "the store is down (STORE_DOWN)");
    expect(answer.body).toEqual(Buffer.concat([int(1, 14), message, details]));
  });

  test("in JSON the same is told in JSON", async () => {
    kept.respond = () => Promise.reject(new StoreDown(true));
    const answer = await post(TRACE_JSON, JSON_TYPE);
    expect(JSON.parse(answer.body.toString())).toEqual({
      code: 14,
      message: "the store is down (STORE_DOWN)",
      details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "2.5s" }],
    });
  });

  test("for good, the answer is 500 without Retry-After", async () => {
    kept.respond = () => Promise.reject(new StoreDown(false));
    const answer = await post(request(span()));
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([500, null]);
  });

  test("by a defect, the client keeps its data and neither answer nor log quotes content", async () => {
    kept.respond = () => {
      throw new TypeError("cannot read 4111111111111111");
    };
    const answer = await post(request(span()));
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(answer.body.toString() + kept.lines.join()).not.toContain("4111");
    expect(kept.lines.join()).toContain("TypeError");
  });

  test("by never ending, the answer is 503 and the memory stays accounted for", async () => {
    const end = Promise.withResolvers<void>();
    kept.respond = async () => {
      await end.promise;
      return DONE;
    };
    const body = request(span());
    expect((await post(body)).status).toBe(503);
    expect(budget.usedBytes).toBe(body.length);
    end.resolve();
    await expect.poll(() => budget.usedBytes).toBe(0);
  });
});

test("a full budget is answered with 503 and Retry-After", async () => {
  budget.tryTake(SIZE_MAX_BYTES);
  const answer = await post(request(span()));
  budget.give(SIZE_MAX_BYTES);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
});
