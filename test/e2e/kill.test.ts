/**
 * Goal: nothing acknowledged is lost and nothing is stored twice, whatever is killed.
 * Method: `kill -9` of the server and of its engine while requests are under way; what was not
 * acknowledged is sent again with the same bytes, and so is everything that was.
 */
import { readFile } from "node:fs/promises";
import { createClient } from "@clickhouse/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { select } from "../fixtures/engine.ts";
import { type ServerProcess, startServerProcess } from "../fixtures/server.ts";

const REQUESTS_PER_ROUND = 24;
const SPANS_PER_REQUEST = 5;
const ROUNDS = 3;

let server: ServerProcess;
let lastSpan = 0;

beforeAll(async () => {
  server = await startServerProcess();
});
afterAll(() => server.remove());

function attribute(key: string, stringValue: string): object {
  return { key, value: { stringValue } };
}

/** A request of AI calls of one run, each with a span id of its own. */
function request(): string {
  const spans = Array.from({ length: SPANS_PER_REQUEST }, () => {
    lastSpan += 1;
    return {
      traceId: "5b8efff798038103d269b633813fc60c",
      spanId: lastSpan.toString(16).padStart(16, "0"),
      name: "chat gpt-x",
      kind: 3,
      startTimeUnixNano: "1700000000000000000",
      endTimeUnixNano: "1700000000000000001",
      attributes: [
        attribute("gen_ai.operation.name", "chat"),
        attribute("gen_ai.input.messages", "[]"),
        attribute("workflow.run.id", "01RUN0000000000000000000000"),
      ],
    };
  });
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

async function isAcknowledged(body: string): Promise<boolean> {
  try {
    const response = await fetch(`${server.otlpHttpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

/** Send until each is acknowledged; the engine's supervisor needs a moment to bring it back. */
async function sendAll(bodies: readonly string[]): Promise<void> {
  let open = bodies;
  while (open.length > 0) {
    const results = await Promise.all(open.map(isAcknowledged));
    open = open.filter((_, index) => results[index] !== true);
  }
}

async function counts(): Promise<unknown> {
  const client = createClient({ url: server.clickhouseUrl, database: "spanledger" });
  try {
    const [row] = await select(
      client,
      `SELECT (SELECT count() FROM spans) AS spans, (SELECT uniqExact(SpanId) FROM spans) AS ids,
         (SELECT count() FROM payloads) AS payloads,
         (SELECT sum(AiCalls) FROM run_statistics) AS calls`,
    );
    return row;
  } finally {
    await client.close();
  }
}

/** Process id of the engine: the only child of the server. */
async function enginePid(): Promise<number> {
  const pid = server.process.pid;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  const [child = ""] = children.trim().split(" ");
  // Zero would be this process and all beside it.
  if (child === "") throw new Error("the server has no engine at the moment");
  return Number(child);
}

describe.runIf(process.platform === "linux")("kill -9 while requests are under way", () => {
  const sent: string[] = [];

  async function round(kill: () => Promise<void>): Promise<void> {
    const bodies = Array.from({ length: REQUESTS_PER_ROUND }, request);
    const acknowledged: string[] = [];
    const sending = bodies.map(async (body) => {
      if (await isAcknowledged(body)) acknowledged.push(body);
    });
    // The first answers are there, the last requests are not done: now.
    await Promise.race(sending);
    await kill();
    await Promise.all(sending);
    expect(acknowledged.length).toBeLessThanOrEqual(bodies.length);
    await sendAll(bodies.filter((body) => !acknowledged.includes(body)));
    await server.flush();
    sent.push(...bodies);
  }

  function expected(): unknown {
    const spans = sent.length * SPANS_PER_REQUEST;
    return { spans, ids: spans, payloads: spans, calls: spans };
  }

  test("of the engine loses and doubles nothing", async () => {
    for (let count = 0; count < ROUNDS; count += 1) {
      await round(async () => void process.kill(await enginePid(), "SIGKILL"));
    }
    expect(await counts()).toEqual(expected());
  });

  test("of the server loses and doubles nothing", async () => {
    for (let count = 0; count < ROUNDS; count += 1) {
      await round(async () => {
        server.process.kill("SIGKILL");
        server = await startServerProcess({ SPANLEDGER_DATA_DIR: server.dataDir });
      });
    }
    expect(await counts()).toEqual(expected());
  });

  test("makes no request new that was acknowledged before", async () => {
    await sendAll(sent);
    await server.flush();
    expect(await counts()).toEqual(expected());
  });
});
