/**
 * Goal: every call, good or bad, gets the status and details that OTLP prescribes, and the server
 * lives on: a good call follows each.
 * Method: a grpc-js client that sends raw bytes; answers and details are compared byte by byte.
 */
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { StageError } from "../base/errors.ts";
import { field, int, request, span } from "../base/wire.test.helper.ts";
import { ByteBudget } from "./byte-budget.ts";
import { startOtlpGrpc } from "./grpc-server.ts";
import { DONE, recorder } from "./servers.test.helper.ts";
import type { OtlpServer } from "./types.ts";

const SIZE_MAX_BYTES = 100_000;
const PREFIX = "/opentelemetry.proto.collector.";
const TRACE_PATH = `${PREFIX}trace.v1.TraceService/Export`;
const budget = new ByteBudget(SIZE_MAX_BYTES);
const kept = recorder({
  budget,
  bodySizeMaxBytes: SIZE_MAX_BYTES,
  handlerTimeoutMs: 200,
});
let server: OtlpServer;
let client: Client;

beforeAll(async () => {
  server = await startOtlpGrpc(kept.options);
  client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await server.stop(0);
});

afterEach(async () => {
  kept.requests.length = 0;
  kept.lines.length = 0;
  kept.respond = async () => DONE;
  expect(await call(request(span()))).toHaveLength(0);
  kept.requests.length = 0;
  expect(budget.usedBytes).toBe(0);
});

function call(body: Buffer, path = TRACE_PATH, sender = client): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const same = (bytes: Buffer): Buffer => bytes;
  sender.makeUnaryRequest(path, same, same, body, (error, answer) => {
    if (error === null && answer !== undefined) resolve(answer);
    else reject(error ?? new Error("no answer"));
  });
  return promise;
}

async function refusal(calling: Promise<Buffer>): Promise<ServiceError> {
  const error = await calling.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) throw new Error("the call succeeded");
  return error as ServiceError;
}

describe("success", () => {
  test.each([
    ["traces", "trace.v1.TraceService"],
    ["logs", "logs.v1.LogsService"],
  ])("of %s is an empty message, and the handler gets the body", async (signal, service) => {
    const body = request(span());
    expect(await call(body, `${PREFIX}${service}/Export`)).toHaveLength(0);
    expect(kept.requests).toEqual([
      {
        transport: "grpc",
        format: "protobuf",
        signal,
        body,
        sizeBytes: body.length,
        freeBody: expect.any(Function),
      },
    ]);
  });

  test("gives a body's memory back when the handler says so, and counts it once", async () => {
    let left: unknown;
    kept.respond = async ({ body, freeBody }) => {
      freeBody();
      freeBody();
      left = [body.length, budget.usedBytes];
      return DONE;
    };
    await call(Buffer.alloc(SIZE_MAX_BYTES / 2));
    expect(left).toEqual([0, 0]);
  });

  test("gives a body's memory back when the handler is done, whatever it made of it", async () => {
    await call(Buffer.alloc(SIZE_MAX_BYTES / 2));
    expect(kept.requests.map(({ body, sizeBytes }) => [body.length, sizeBytes])).toEqual([
      [0, SIZE_MAX_BYTES / 2],
    ]);
    expect(budget.usedBytes).toBe(0);
  });

  test("of an empty request is for the handler to judge", async () => {
    expect(await call(Buffer.alloc(0))).toHaveLength(0);
    expect(kept.requests).toMatchObject([{ sizeBytes: 0 }]);
  });

  test.each([
    ["gzip", 2],
    ["deflate", 1],
  ])("of %s is the same as without", async (_name, algorithm) => {
    const body = request(...Array.from({ length: 100 }, () => span()));
    const options = { "grpc.default_compression_algorithm": algorithm };
    const target = `127.0.0.1:${server.port}`;
    const compressing = new Client(target, credentials.createInsecure(), options);
    expect(await call(body, TRACE_PATH, compressing)).toHaveLength(0);
    compressing.close();
    expect(kept.requests[0]?.body).toEqual(body);
  });

  test("in part names count and reason, field by field", async () => {
    const message = "1 refused: span_id must be 8 bytes, not all zero";
    kept.respond = async () => ({ rejected: 1, message });
    expect(await call(request())).toEqual(field(1, int(1, 1), field(2, message)));
  });
});

class StoreDown extends StageError<"STORE_DOWN"> {
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

function details(error: ServiceError): unknown {
  return error.metadata.get("grpc-status-details-bin")[0];
}

describe("refused:", () => {
  test("a body that the handler cannot read is INVALID_ARGUMENT", async () => {
    kept.respond = () => Promise.reject(new Unreadable());
    const error = await refusal(call(Buffer.from([0x0a, 9])));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.details).toBe("malformed protobuf: a length beyond the end");
    expect(details(error)).toEqual(Buffer.concat([int(1, 3), field(2, error.details)]));
  });

  test("an oversize message is RESOURCE_EXHAUSTED without RetryInfo, so nobody retries", async () => {
    const error = await refusal(call(Buffer.alloc(SIZE_MAX_BYTES + 1)));
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(error.details).toBe(
      `the message takes ${SIZE_MAX_BYTES + 1} bytes, more than ${SIZE_MAX_BYTES}; send smaller batches`,
    );
    expect(details(error)).toBeUndefined();
  });

  test("metrics are UNIMPLEMENTED, with a word", async () => {
    const path = `${PREFIX}metrics.v1.MetricsService/Export`;
    const error = await refusal(call(Buffer.alloc(0), path));
    expect(error.code).toBe(status.UNIMPLEMENTED);
    expect(error.details).toBe(
      "this receiver takes traces and logs, not metrics; turn the metrics exporter off",
    );
    expect(details(error)).toEqual(Buffer.concat([int(1, 12), field(2, error.details)]));
    expect(kept.requests).toEqual([]);
  });

  test("another method is UNIMPLEMENTED", async () => {
    expect((await refusal(call(Buffer.alloc(0), "/a.B/C"))).code).toBe(status.UNIMPLEMENTED);
  });

  test("a handler's retryable failure is UNAVAILABLE with RetryInfo", async () => {
    kept.respond = () => Promise.reject(new StoreDown(true));
    const error = await refusal(call(request(span())));
    expect([error.code, error.details]).toEqual([
      status.UNAVAILABLE,
      "the store is down (STORE_DOWN)",
    ]);
    const url = field(1, "type.googleapis.com/google.rpc.RetryInfo");
    const retryInfo = field(3, url, field(2, field(1, int(1, 1))));
    expect(details(error)).toEqual(Buffer.concat([int(1, 14), field(2, error.details), retryInfo]));
  });

  test("a handler's final failure is INTERNAL without RetryInfo", async () => {
    kept.respond = () => Promise.reject(new StoreDown(false));
    const error = await refusal(call(request(span())));
    expect(error.code).toBe(status.INTERNAL);
    expect(String(details(error))).not.toContain("RetryInfo");
  });

  test("a defect is UNAVAILABLE, and neither answer nor log quotes content", async () => {
    kept.respond = () => {
      throw new TypeError("cannot read 4111111111111111");
    };
    const error = await refusal(call(request(span())));
    expect(error.code).toBe(status.UNAVAILABLE);
    expect(error.message + kept.lines.join()).not.toContain("4111");
  });

  test("a handler that never ends is UNAVAILABLE, and its memory stays accounted for", async () => {
    const end = Promise.withResolvers<void>();
    kept.respond = async () => {
      await end.promise;
      return DONE;
    };
    const body = request(span());
    expect((await refusal(call(body))).code).toBe(status.UNAVAILABLE);
    expect(budget.usedBytes).toBe(body.length);
    end.resolve();
    await expect.poll(() => budget.usedBytes).toBe(0);
  });

  test("a full budget is UNAVAILABLE with RetryInfo", async () => {
    budget.tryTake(SIZE_MAX_BYTES);
    const error = await refusal(call(request(span())));
    budget.give(SIZE_MAX_BYTES);
    expect(error.code).toBe(status.UNAVAILABLE);
    expect(String(details(error))).toContain("RetryInfo");
  });
});
