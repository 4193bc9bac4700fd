/**
 * Goal: the API answers what the audit views hold, and refuses everything else with the right
 * status. Method: the real engine with rows written by hand, the app called as a function.
 */
import type { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { QUERIES } from "../query/catalogue.ts";
import { createApi } from "./app.ts";
import { NOW_MS, type ReadFixture, startReadFixture, tokenise } from "./fixture.test.helper.ts";
import { HOSTILE_TEXT, RUN } from "./fixture-spans.test.helper.ts";
import type { RowsBody, RunBody } from "./shapes.ts";

let fixture: ReadFixture;
let app: Hono;

beforeAll(async () => {
  fixture = await startReadFixture();
  app = createApi({ client: fixture.client, tokenise, now: () => NOW_MS });
});
afterAll(() => fixture.stop());

async function get<Body = RowsBody>(path: string): Promise<Body> {
  const response = await app.request(path);
  expect(response.status, path).toBe(200);
  return (await response.json()) as Body;
}

async function refusal(path: string): Promise<{ status: number; code: string; message: string }> {
  const response = await app.request(path);
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return { status: response.status, ...error };
}

const ids = (body: RowsBody): unknown[] => body.data.map((row) => row.RunId);

describe("runs", () => {
  test("come newest first, of this workspace only, segments folded into one", async () => {
    const body = await get("/api/v1/runs");
    expect(ids(body)).toEqual([RUN.failedToo, RUN.hostile, RUN.failed, RUN.paused]);
    expect(body.meta).toMatchObject({ rows: 4, limit: 100, truncated: false });
    expect(body.data[3]).toMatchObject({
      Segments: 2,
      Result: "success",
      ActorId: "[email:15]",
      InputTokens: 120,
      StartedAt: "2026-11-20T08:00:00.000000000Z",
    });
  });

  test("are filtered by workflow id and by workflow name", async () => {
    expect(ids(await get("/api/v1/runs?workflow=hostile"))).toEqual([RUN.hostile]);
    expect(ids(await get("/api/v1/runs?workflow=refund_flow"))).toHaveLength(3);
    expect(ids(await get("/api/v1/runs?workflow=nowhere"))).toEqual([]);
  });

  test("are filtered by result and age: the failures of the last hour", async () => {
    const path = "/api/v1/runs?workflow=refunds&status=failure&since=1h";
    expect(ids(await get(path))).toEqual([RUN.failedToo]);
  });

  test("are filtered by ISO times: since is included, until is not", async () => {
    const nine = "2026-11-20T09:00:00Z";
    expect(ids(await get(`/api/v1/runs?since=${nine}&until=2026-11-20T11:00:00Z`))).toEqual([
      RUN.failed,
    ]);
    expect(ids(await get(`/api/v1/runs?until=${nine}`))).toEqual([RUN.paused]);
  });

  test("are found by an actor's e-mail address, which is stored as a token", async () => {
    expect(ids(await get("/api/v1/runs?actor=ada@example.com"))).toEqual([RUN.paused]);
    expect(ids(await get("/api/v1/runs?actor=svc-crm"))).toEqual([RUN.failedToo, RUN.failed]);
  });

  test("of a limited page say that there are more", async () => {
    const body = await get("/api/v1/runs?limit=2");
    expect(ids(body)).toEqual([RUN.failedToo, RUN.hostile]);
    expect(body.meta).toMatchObject({ rows: 2, limit: 2, truncated: true });
    expect((await get("/api/v1/runs?limit=4")).meta.truncated).toBe(false);
  });
});

describe("one run", () => {
  test("has its header and its spans of both traces in order of time", async () => {
    const { data, meta } = await get<RunBody>(`/api/v1/runs/${RUN.paused}`);
    expect(data.runId).toBe(RUN.paused);
    expect(data.run).toMatchObject({ WorkflowVersion: "3", TraceIds: ["trace-a", "trace-b"] });
    const spanIds = data.timeline.map((row) => row.SpanId);
    expect(spanIds.join(" ")).toBe("a0 a1 a2 a3 a4 a5 a6 a7 b0 b1 b2 b3");
    expect(data.timeline[4]).toMatchObject({ Attempt: 1, StatusMessage: "no answer in 500 ms" });
    expect(meta.timeline).toMatchObject({ rows: 12, truncated: false });
  });

  test("is found by a prefix of six characters and in lower case", async () => {
    const { data } = await get<RunBody>(`/api/v1/runs/${RUN.paused.slice(0, 6).toLowerCase()}`);
    expect(data.runId).toBe(RUN.paused);
  });

  test("without its root span has a timeline and no header", async () => {
    const { data } = await get<RunBody>(`/api/v1/runs/${RUN.unfinished}`);
    expect(data.run).toBeNull();
    expect(data.timeline).toHaveLength(1);
  });

  test("whose prefix fits several is refused with their ids", async () => {
    const { status, code, message } = await refusal("/api/v1/runs/01k9xb");
    expect([status, code]).toEqual([400, "RUN_AMBIGUOUS"]);
    expect(message).toContain(`${RUN.failed}, ${RUN.failedToo}`);
  });

  test("that is unknown, or of another workspace, is not found", async () => {
    for (const id of ["01K9XF", RUN.elsewhere]) {
      expect(await refusal(`/api/v1/runs/${id}`)).toMatchObject({
        status: 404,
        code: "RUN_UNKNOWN",
      });
    }
  });

  test("is not looked for by fewer than six characters", async () => {
    expect(await refusal("/api/v1/runs/01K9X")).toMatchObject({
      status: 400,
      code: "QUERY_PARAMETER_INVALID",
    });
  });

  test("has inputs without outputs, by step when asked", async () => {
    const body = await get(`/api/v1/runs/${RUN.paused}/inputs`);
    expect(body.data.map((row) => `${row.StepName} ${row.Name}`)).toEqual([
      "classify workflow.step.input",
      "classify gen_ai.input.messages",
      "lookup workflow.step.input",
    ]);
    expect(body.data[0]).toMatchObject({ Content: '{"order":"o-1","mail":"[email:15]"}' });
    expect((await get(`/api/v1/runs/${RUN.paused}/inputs?step=lookup`)).data).toHaveLength(1);
    expect((await get(`/api/v1/runs/${RUN.paused}/outputs`)).data).toHaveLength(1);
  });

  test("has its decision path in order", async () => {
    const { data } = await get(`/api/v1/runs/${RUN.paused}/decisions`);
    expect(data.map((row) => row.Name)).toEqual(["routeByScore", "approve"]);
    expect(data[0]).toMatchObject({
      Options: ["high", "low"],
      Selected: ["low"],
      Skipped: ["high"],
      DefaultTaken: false,
      Confidence: 0.93,
    });
  });

  test("without decisions answers with no rows", async () => {
    expect((await get(`/api/v1/runs/${RUN.hostile}/decisions`)).data).toEqual([]);
  });
});

describe("named queries", () => {
  test("are listed with parameters and columns, without their SQL", async () => {
    const { data } = await get<{ data: Record<string, unknown>[] }>("/api/v1/queries");
    expect(data.map((query) => query.name)).toEqual(QUERIES.map((query) => query.name));
    expect(data.every((query) => query.parameters && !("sql" in query))).toBe(true);
  });

  test.each(QUERIES.map((query) => query.name))(
    "%s answers with its declared columns",
    async (name) => {
      const query = QUERIES.find((candidate) => candidate.name === name);
      const needsRun = query?.parameters.some((parameter) => parameter.required);
      const run = name === "errors" ? RUN.failed : RUN.paused;
      const path = `/api/v1/queries/${name}${needsRun ? `?param.run=${run}` : ""}`;
      const body = await get(path);
      expect(body.data.length).toBeGreaterThan(0);
      for (const row of body.data) {
        expect(Object.keys(row).toSorted()).toEqual(query?.columns.map((c) => c.name).toSorted());
      }
    },
  );

  test("about one run are in order, about all runs newest first", async () => {
    const times = async (path: string): Promise<unknown[]> =>
      (await get(`/api/v1/queries/steps${path}`)).data.map((row) => row.Timestamp);
    const one = await times(`?param.run=${RUN.paused}`);
    expect(one).toHaveLength(5);
    expect(one).toEqual(one.toSorted());
    const all = await times("");
    expect(all.length).toBeGreaterThan(one.length);
    expect(all).toEqual(all.toSorted().toReversed());
  });

  test("failures-by-step counts attempts, failures and the runs they hit", async () => {
    const { data } = await get("/api/v1/queries/failures-by-step");
    expect(data).toHaveLength(1);
    expect(data[0]).toMatchObject({
      StepName: "lookup",
      Attempts: 4,
      Failures: 3,
      FailureShare: 0.75,
      Retries: 1,
      Runs: 3,
      RunsAffected: 3,
      UsualError: "HTTPError",
      LastRunId: RUN.failedToo,
    });
  });

  test("branch-shares counts branches that were never taken too", async () => {
    const { data } = await get("/api/v1/queries/branch-shares?param.decision=routeByScore");
    expect(data).toMatchObject([
      { Branch: "low", Taken: 2, Decisions: 2, Share: 1, AsDefault: 1, MeanConfidence: 0.67 },
      { Branch: "high", Taken: 0, Decisions: 2, Share: 0, AsDefault: 0, LastTaken: null },
    ]);
  });

  test("tokens-by-model adds up by the model that answered", async () => {
    const { data } = await get("/api/v1/queries/tokens-by-model");
    expect(data).toMatchObject([
      { Provider: "openai", Model: "gpt-x-2026", Calls: 1, InputTokens: 120, OutputTokens: 30 },
    ]);
  });

  test("who-started names the actor of the start, not of the resumption", async () => {
    const { data } = await get("/api/v1/queries/who-started?param.workflow=refunds");
    expect(data.map((row) => [row.ActorId, row.Runs, row.NotSuccessful])).toEqual([
      ["svc-crm", 2, 2],
      ["[email:15]", 1, 0],
    ]);
  });

  test("that are unknown are not found, and the nearest is named", async () => {
    const { status, code, message } = await refusal("/api/v1/queries/branch-share");
    expect([status, code]).toEqual([404, "QUERY_UNKNOWN"]);
    expect(message).toContain("did you mean branch-shares?");
  });

  test("give stored text to no one as SQL", async () => {
    const attack = encodeURIComponent("' OR 1=1 --");
    expect((await get(`/api/v1/runs?workflow=${attack}`)).data).toEqual([]);
    expect(await refusal(`/api/v1/runs/${attack}`)).toMatchObject({ status: 404 });
  });
});

describe("what is wrong is refused", () => {
  test.each<[path: string, status: number, message: string]>([
    ["/api/v1/runs?since=yesterday", 400, "parameter since must be an age"],
    ["/api/v1/runs?since=2026-02-30", 400, "parameter since"],
    ["/api/v1/runs?status=failed", 400, "parameter status must be one of"],
    ["/api/v1/runs?limit=0", 400, "parameter limit"],
    ["/api/v1/runs?limit=10001", 400, "parameter limit"],
    ["/api/v1/runs?limit=ten", 400, "parameter limit"],
    ["/api/v1/runs?format=xml", 400, "parameter format"],
    ["/api/v1/runs?workflw=a", 400, "did you mean workflow?"],
    ["/api/v1/runs?since=1h&since=2h", 400, "parameter since is given twice"],
    ["/api/v1/queries/timeline", 400, "needs the parameter run"],
    ["/api/v1/queries/runs?workflow=a", 400, "param.NAME"],
    ["/api/v1/queries/runs?param.nope=a", 400, "has no parameter"],
    ["/api/v1/queries/runs?param.__proto__=a", 400, "has no parameter"],
    ["/api/v1/nothing", 404, "nothing at this path"],
    ["/", 404, "nothing at this path"],
  ])("%s", async (path, status, message) => {
    const answer = await refusal(path);
    expect(answer.status).toBe(status);
    expect(answer.message).toContain(message);
  });

  test("a value is refused above 1,024 characters and taken up to them", async () => {
    const tooLong = await refusal(`/api/v1/runs?workflow=${"a".repeat(1_025)}`);
    expect(tooLong).toMatchObject({ status: 400, code: "QUERY_PARAMETER_INVALID" });
    expect((await get(`/api/v1/runs?workflow=${"a".repeat(1_024)}`)).data).toEqual([]);
  });

  test("a limit of exactly the maximum is accepted", async () => {
    expect((await get("/api/v1/runs?limit=10000")).meta.limit).toBe(10_000);
  });

  test("another method than GET gets 405 and is told what is allowed", async () => {
    const response = await app.request("/api/v1/runs", { method: "POST", body: "{}" });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toContain("GET");
    expect(await response.json()).toMatchObject({ error: { code: "METHOD_NOT_ALLOWED" } });
  });
});

describe("answers", () => {
  test("as CSV have a header and disarmed formulas", async () => {
    const response = await app.request("/api/v1/runs?workflow=hostile&format=csv");
    expect(response.headers.get("content-type")).toContain("text/csv");
    const text = await response.text();
    expect(text.startsWith("RunId,StartedAt,WorkflowId,Result,")).toBe(true);
    expect(text).toContain("'=1+1");
    expect(text).not.toContain("\u001b");
  });

  test("as JSON hold the stored text unchanged", async () => {
    const { data } = await get("/api/v1/runs?workflow=hostile");
    expect(data[0]).toMatchObject({ StatusMessage: HOSTILE_TEXT });
  });

  test("are neither cached nor sniffed nor framed", async () => {
    const { headers } = await app.request("/api/v1/runs");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("access-control-allow-origin")).toBeNull();
  });
});

test("the health of a server whose ClickHouse answers is ok", async () => {
  expect(await get("/api/v1/health")).toMatchObject({ data: { status: "ok" } });
});
