/**
 * The query API as a function, testable without a socket.
 *
 * In: HTTP requests (GET, but for the operations). Out: JSON or CSV. Side effects: reads in ClickHouse.
 * Shapes: `{data, meta}` for answers, `{error: {code, message}}` for errors.
 */
import type { ClickHouseClient } from "@clickhouse/client";
import { type Context, Hono } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { secureHeaders } from "hono/secure-headers";
import type { Log } from "../base/log.ts";
import { QUERIES } from "../query/catalogue.ts";
import { toCsv } from "../query/csv.ts";
import { QueryError } from "../query/errors.ts";
import { checkRun, parseLimit } from "../query/parameters.ts";
import { resolveRun } from "../query/resolve-run.ts";
import { findQuery, type QueryRequest, readPage, runQuery } from "../query/run-query.ts";
import type { QueryContext } from "../query/select.ts";
import type { QueryResult } from "../query/types.ts";
import { ApiError, answerError } from "./errors.ts";
import { refuseForeignHosts } from "./host-check.ts";
import { addOperations, type Operations } from "./operations.ts";
import { describeQuery, toBody, toMeta } from "./shapes.ts";
import { readQueryParameters, readUrl } from "./url.ts";

/** What the API needs; everything comes in. */
export interface ApiDeps {
  readonly client: ClickHouseClient;
  /** @default "default" */
  readonly workspaceId?: string;
  /** Turns personal data in a filter into the tokens under which it is stored. */
  readonly tokenise: (text: string) => string;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** Whether only requests to a loopback name are answered (DNS rebinding). @default false */
  readonly loopbackOnly?: boolean;
  /** Told about failures; never about content. */
  readonly log?: Log;
  /** The write side, for `doctor` and `flush`; without it their paths do not exist. */
  readonly operations?: Operations;
}

const DEFAULT_WORKSPACE = "default";

/** Shorthands of `/queries/NAME`, with the parameters under their own names. */
const LISTS = ["runs", "definitions"] as const;

/** Shorthands of `/runs/:id/…` for queries of the same name. */
const RUN_PARTS = ["inputs", "outputs", "decisions"] as const;

/** Build the API. */
export function createApi(deps: ApiDeps): Hono {
  const app = new Hono();
  const contextOf = (c: Context): QueryContext => ({
    client: deps.client,
    workspaceId: deps.workspaceId ?? DEFAULT_WORKSPACE,
    tokenise: deps.tokenise,
    nowMs: (deps.now ?? Date.now)(),
    signal: c.req.raw.signal,
  });

  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    }),
  );
  app.use(async (c, next) => {
    await next();
    c.res.headers.set("Cache-Control", "no-store");
  });
  if (deps.loopbackOnly === true) app.use(refuseForeignHosts);
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, allowed) => {
        c.header("Allow", allowed.join(", "));
        return answerError(
          c,
          new ApiError("METHOD_NOT_ALLOWED", `this path takes ${allowed.join(", ")}`),
          deps.log,
        );
      },
    }),
  );
  app.notFound((c) =>
    answerError(c, new ApiError("PATH_UNKNOWN", "there is nothing at this path"), deps.log),
  );
  app.onError((error, c) => answerError(c, error, deps.log));

  if (deps.operations !== undefined) addOperations(app, deps.operations);
  app.get("/api/v1/health", (c) => health(c, deps.client));
  for (const list of LISTS) {
    app.get(`/api/v1/${list}`, async (c) => {
      const names = findQuery(list).parameters.map((parameter) => parameter.name);
      return answer(c, list, readUrl(c.req.url, names), contextOf(c));
    });
  }
  app.get("/api/v1/runs/:id", (c) => oneRun(c, c.req.param("id"), contextOf(c)));
  for (const part of RUN_PARTS) {
    app.get(`/api/v1/runs/:id/${part}`, async (c) => {
      const own = findQuery(part).parameters.map((parameter) => parameter.name);
      const url = readUrl(
        c.req.url,
        own.filter((name) => name !== "run"),
      );
      const parameters = { ...url.parameters, run: c.req.param("id") };
      return answer(c, part, { ...url, parameters }, contextOf(c));
    });
  }
  app.get("/api/v1/queries", (c) => {
    readUrl(c.req.url, [], { paged: false });
    return c.json({ data: QUERIES.map(describeQuery), meta: { rows: QUERIES.length } });
  });
  app.get("/api/v1/queries/:name", async (c) => {
    const query = findQuery(c.req.param("name"));
    return answer(c, query.name, readQueryParameters(c.req.url), contextOf(c));
  });
  return app;
}

interface Asked extends Pick<QueryRequest, "parameters"> {
  readonly limit: string | undefined;
  readonly format: "json" | "csv";
}

async function answer(
  c: Context,
  name: string,
  asked: Asked,
  context: QueryContext,
): Promise<Response> {
  const query = findQuery(name);
  const limit = parseLimit(asked.limit, query.defaultLimit);
  const result = await runQuery(query, { parameters: asked.parameters, limit }, context);
  return asked.format === "csv" ? csv(c, result) : c.json(toBody(result));
}

/** A run and its timeline in one answer, so that both speak of the same run. */
async function oneRun(c: Context, id: string, context: QueryContext): Promise<Response> {
  const asked = readUrl(c.req.url, []);
  const timelineQuery = findQuery("timeline");
  const limit = parseLimit(asked.limit, timelineQuery.defaultLimit);
  const run = await resolveRun(checkRun("run", id), context);
  const timelinePage = readPage(timelineQuery, { run }, limit, context);
  if (asked.format === "csv") return csv(c, await timelinePage);
  const headerPage = readPage(findQuery("run"), { run }, 1, context);
  const [timeline, header] = await Promise.all([timelinePage, headerPage]);
  return c.json({
    data: { runId: run, run: header.rows[0] ?? null, timeline: timeline.rows },
    meta: { run: { columns: header.columns }, timeline: toMeta(timeline) },
  });
}

function csv(c: Context, result: QueryResult): Response {
  if (result.truncated) c.header("X-Spanledger-Truncated", String(result.limit));
  c.header("Content-Type", "text/csv; charset=utf-8; header=present");
  return c.body(toCsv(result.columns, result.rows));
}

async function health(c: Context, client: ClickHouseClient): Promise<Response> {
  const ping = await client.ping({ select: true });
  if (!ping.success) throw new QueryError("STORE_UNAVAILABLE", "ClickHouse does not answer");
  return c.json({ data: { status: "ok", clickhouse: "ok" } });
}
