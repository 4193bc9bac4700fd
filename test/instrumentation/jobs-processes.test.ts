/**
 * Goal: the one import records requests and jobs, as ES modules and as CommonJS, and the
 * application says the same with it and without. Method: real child processes, a real redis-server,
 * the SDK's own exporter, a receiver in this process.
 */
import { fileURLToPath } from "node:url";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runApp } from "./child.ts";
import { type OtlpServer, receivedTree, startOtlpServer } from "./otlp-server.ts";
import { isRedisMissing, type Redis, startRedis } from "./redis.ts";

const isMissing = isRedisMissing();
const REGISTER = import.meta.resolve("@spanledger/register");
const OUTPUT = 'failed first {"data":{"to":"a"}} 2 {"sent":"a"}\n';
let otlp: OtlpServer;
let redis: Redis | undefined;

beforeAll(async () => {
  otlp = await startOtlpServer();
  if (!isMissing) redis = await startRedis();
});
afterAll(async () => {
  await otlp.close();
  await redis?.close();
});

function start(app: string, flags: readonly string[]) {
  const environment = {
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint,
  };
  return runApp(app, [String(redis?.port)], { flags, environment });
}

describe.skipIf(isMissing)("a server that adds jobs", () => {
  test.each([
    { app: "jobs-import.mjs", flags: [] },
    { app: "jobs-esm.mjs", flags: ["--import", REGISTER] },
    { app: "jobs-cjs.cjs", flags: ["--import", REGISTER] },
    { app: "jobs-cjs.cjs", flags: ["--require", fileURLToPath(REGISTER)] },
  ])("is recorded in $app with $flags.0", async ({ app, flags }) => {
    const ended = await start(app, flags);
    expect(ended).toMatchObject({ code: 0, stdout: OUTPUT });
    const spans = otlp.take();
    expect(receivedTree(spans)).toEqual([
      "POST",
      "  invoke_workflow mail.welcome",
      "    run_step welcome",
      "  invoke_workflow mail.welcome",
      "    run_step welcome",
    ]);
    const runs = spans.filter((span) => span.name.startsWith("invoke_workflow"));
    expect(new Set(runs.map((run) => run.attributes[WORKFLOW.runId])).size).toBe(1);
    for (const span of spans) expect(span.attributes[WORKFLOW.requestId]).toBe("request-1");
    const request = spans.find((span) => span.name === "POST");
    expect(request?.attributes).toMatchObject({
      [OTEL.urlPath]: "/sign-up",
      [OTEL.httpRequestBody]: '{"to":"a"}',
      [OTEL.httpResponseStatusCode]: 200,
    });
    expect(ended.stderr).toContain("spanledger: bullmq 6.7.0: patched");
  });

  test("says the same without us", async () => {
    expect(await start("jobs-esm.mjs", [])).toMatchObject({ code: 0, stdout: OUTPUT, stderr: "" });
    expect(otlp.take()).toEqual([]);
  });
});
