/**
 * Goal: the commands answer people as they should, with the right exit codes.
 * Method: the program as a function, against the real API on the real engine, without a socket.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApi } from "../api/app.ts";
import {
  NOW_MS,
  type ReadFixture,
  startReadFixture,
  tokenise,
} from "../api/fixture.test.helper.ts";
import { HOSTILE_TEXT, RUN } from "../api/fixture-spans.test.helper.ts";
import { escapeControls } from "../query/escape.ts";
import { buildProgram, runCli } from "./program.ts";
import type { CliDeps, ServeOptions } from "./types.ts";

let fixture: ReadFixture;
let apiFetch: typeof fetch;

beforeAll(async () => {
  fixture = await startReadFixture();
  const app = createApi({ client: fixture.client, tokenise, now: () => NOW_MS });
  apiFetch = async (input, init) => app.request(String(input), init);
});
afterAll(() => fixture.stop());

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function cli(args: readonly string[], deps: Partial<CliDeps> = {}): Promise<Outcome> {
  let out = "";
  let err = "";
  const code = await runCli(args, {
    serve: async () => 0,
    version: "1.2.3",
    stdout: { write: (text) => (out += text), columns: 110 },
    stderr: { write: (text) => (err += text) },
    env: {},
    fetch: apiFetch,
    ...deps,
  });
  return { code, out, err };
}

describe("runs", () => {
  test("shows the failures of the last hour as a table", async () => {
    const { code, out } = await cli([
      "runs",
      "--workflow",
      "refunds",
      "--status",
      "failure",
      "--since",
      "1h",
    ]);
    expect(code).toBe(0);
    const [header, row, end] = out.split("\n");
    expect(header).toMatch(/^Run +Started +Workflow +Result +Took +Started by +Message/);
    expect(row).toMatch(
      /^01K9XB0000000000000FA11ED2 {2}2026-11-20 12:00:00Z {2}refunds +failure +900 ms/,
    );
    expect(end).toBe("");
  });

  test("says on standard error that there are more", async () => {
    const { code, out, err } = await cli(["runs", "--limit", "1", "--format", "csv"]);
    expect(code).toBe(0);
    expect(out.trimEnd().split("\r\n")).toHaveLength(2);
    expect(err).toContain("only the first 1 rows");
  });

  test("that match nothing end with 1, and with empty JSON and CSV", async () => {
    expect(await cli(["runs", "--workflow", "x"])).toMatchObject({ code: 1, out: "" });
    expect(await cli(["runs", "--workflow", "x", "-f", "json"])).toMatchObject({
      code: 1,
      out: "[]\n",
    });
    const csv = await cli(["runs", "--workflow", "x", "-f", "csv"]);
    expect(csv).toMatchObject({ code: 1, out: expect.stringMatching(/^RunId,.*\r\n$/) });
  });

  test("are coloured on a terminal and not with NO_COLOR", async () => {
    let out = "";
    const stdout = { write: (text: string) => (out += text), columns: 110, isTTY: true };
    await cli(["runs"], { stdout });
    expect(out).toContain("\u001b[31mfailure");
    out = "";
    await cli(["runs"], { stdout, env: { NO_COLOR: "1" } });
    expect(out).toContain("failure");
    expect(out).not.toContain("\u001b");
  });
});

describe("run", () => {
  test("shows header, both traces as trees, and the wait between them", async () => {
    const { code, out } = await cli(["run", RUN.paused.slice(0, 8).toLowerCase()]);
    expect(code).toBe(0);
    expect(out).toContain("started by    [email:15]  (user)");
    expect(out).toContain("authorised    role refunds");
    expect(out).toContain("took          2 h 04 m in 2 parts, of which 2 h 04 m waiting");
    const tree = out.slice(out.indexOf("Trace trace-a")).replaceAll(/\s+/g, " ");
    const parts = [
      "Trace trace-a",
      "+0 ms 4.00 s run refund_flow paused",
      "+10 ms 250 ms step classify success",
      "+12 ms 200 ms ai chat gpt-x openai answered by gpt-x-2026 120 tokens in, 30 out stop resent 1 times",
      "+262 ms 1 ms decision routeByScore low ← of high, low (skipped high) because score 0.31 is below 0.5 confidence 0.93",
      "+270 ms 500 ms step lookup attempt 1 failure error TimeoutError: no answer in 500 ms",
      "+800 ms 300 ms step lookup attempt 2 success",
      "+810 ms 40 ms tool get_order",
      "+3.90 s 50 ms step approve paused asks for approval",
      "waited 2 h 04 m, then resumed",
      "Trace trace-b",
      "+2 h 04 m 900 ms run refund_flow success",
      "+2 h 04 m 20 ms step approve success",
      '+2 h 04 m 1 ms approval approve approved by [email:15] after 2 h 04 m "fine by me"',
      "+2 h 04 m 600 ms action shop.refund on shop id rf_991 success",
    ];
    expect(tree.trim()).toBe(parts.join(" "));
  });

  test("indents children below their parents", async () => {
    const { out } = await cli(["run", RUN.paused]);
    const column = (mark: string): number | undefined =>
      out
        .split("\n")
        .find((line) => line.includes(` ${mark} `))
        ?.indexOf(`${mark} `);
    expect([column("run"), column("step"), column("ai")]).toEqual([24, 26, 28]);
  });

  test("as JSON is the header and the timeline, as CSV the timeline", async () => {
    const json = JSON.parse((await cli(["run", RUN.paused, "--format", "json"])).out);
    expect(json).toMatchObject({ runId: RUN.paused, run: { Segments: 2 } });
    expect(json.timeline).toHaveLength(12);
    const csv = (await cli(["run", RUN.paused, "--format", "csv"])).out;
    expect(csv.trimEnd().split("\r\n")).toHaveLength(13);
  });

  test("that has not ended says so", async () => {
    const { code, out } = await cli(["run", RUN.unfinished]);
    expect(code).toBe(0);
    expect(out).toContain("Its root span has not arrived");
  });

  test("that is unknown ends with 1, an ambiguous one with 2 and its candidates", async () => {
    expect(await cli(["run", "01K9XF"])).toMatchObject({ code: 1, out: "" });
    const ambiguous = await cli(["run", "01K9XB"]);
    expect(ambiguous.code).toBe(2);
    expect(ambiguous.err).toContain(`${RUN.failed}, ${RUN.failedToo}`);
  });
});

describe("inputs and decisions", () => {
  test("inputs are shown by step and name, JSON readable, long ones cut with a note", async () => {
    const { code, out, err } = await cli(["inputs", RUN.paused]);
    expect(code).toBe(0);
    expect(out).toContain(
      'step classify\n  workflow.step.input  step, 35 bytes, 2026-11-20 08:00:00.010Z\n    {\n      "order": "o-1",\n',
    );
    expect(out).toContain("… 64 more lines");
    expect(out).not.toContain("gen_ai.output.messages");
    expect(err).toContain("--format json shows all");
  });

  test("inputs of one step as JSON are whole", async () => {
    const rows = JSON.parse(
      (await cli(["inputs", RUN.paused, "--step", "lookup", "-f", "json"])).out,
    );
    expect(rows).toHaveLength(1);
    expect(JSON.parse(rows[0].Content).ids).toHaveLength(100);
  });

  test("decisions are shown in order with options, selection, reason and confidence", async () => {
    const { code, out } = await cli(["decisions", RUN.paused]);
    expect(code).toBe(0);
    expect(out).toContain(
      [
        " 1 routeByScore  (conditional_edge, after classify)  2026-11-20 08:00:00.262Z",
        "   options     high, low",
        "   selected    low",
        "   skipped     high",
        "   default     not taken",
        "   condition   score >= 0.5",
        "   reason      score 0.31 is below 0.5",
        "   confidence  0.93",
      ].join("\n"),
    );
    expect(out.indexOf(" 2 approve")).toBeGreaterThan(0);
  });

  test("a run without decisions ends with 1", async () => {
    const { code, err } = await cli(["decisions", RUN.hostile]);
    expect(code).toBe(1);
    expect(err).toContain("no decisions of this run found");
  });
});

describe("query", () => {
  test("takes parameters and answers as a table", async () => {
    const { code, out } = await cli([
      "query",
      "branch-shares",
      "-p",
      "workflow=refunds",
      "-p",
      "decision=routeByScore",
    ]);
    expect(code).toBe(0);
    expect(out).toMatch(/low +2 +2 +100\.0 %/);
    expect(out).toMatch(/high +0 +2 +0\.0 %/);
  });

  test("lists all queries, and tells what one takes, without a server", async () => {
    const noServer = { fetch: async () => Promise.reject(new Error("no server")) };
    const list = await cli(["query", "--list"], noServer);
    expect(list.code).toBe(0);
    expect(list.out).toMatch(/^failures-by-step +Steps with failed attempts/m);
    const help = await cli(["query", "inputs", "--help"], noServer);
    expect(help.code).toBe(0);
    expect(help.out).toMatch(/^ {2}run +required +the run's id/m);
  });

  test.each([
    [["query", "branch-share"], "did you mean branch-shares?"],
    [["query"], "name a query"],
    [["query", "runs", "-p", "status=failed"], "parameter status must be one of"],
    [["query", "runs", "-p", "since=soon"], "parameter since must be"],
    [["query", "runs", "-p", "nope=1"], 'no parameter "nope"'],
    [["query", "runs", "-p", "status"], "key=value"],
    [["query", "runs", "-p", "since=1h", "-p", "since=2h"], "since is given twice"],
    [["query", "timeline"], "needs the parameter run"],
  ])("%j is wrong usage", async (args, message) => {
    const { code, err, out } = await cli(args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(message);
  });
});

describe("exit codes", () => {
  test.each([
    [["runs", "--since", "soon"], 2],
    [["runs", "--limit", "0"], 2],
    [["runs", "--format", "xml"], 2],
    [["runs", "--nope"], 2],
    [["run"], 2],
    [["nope"], 2],
    [[], 2],
    [["runs", "--url", "nowhere"], 2],
    [["runs", "--url", "http://u:p@127.0.0.1"], 2],
    [["--help"], 0],
    [["runs", "--help"], 0],
    [["--version"], 0],
  ])("%j ends with %i", async (args, code) => {
    expect((await cli(args)).code).toBe(code);
  });

  test("no server ends with 3 and says how to start one", async () => {
    const refused = await cli(["runs", "--url", "http://127.0.0.1:1"], { fetch });
    expect(refused.code).toBe(3);
    expect(refused.err).toContain(
      "no server answers at http://127.0.0.1:1. Start one with: spanledger serve",
    );
  });

  test("another server ends with 3", async () => {
    const other = { fetch: async () => new Response("<html>", { status: 200 }) };
    expect(await cli(["runs"], other)).toMatchObject({ code: 3 });
  });

  test("a server that cannot answer ends with 3 and its reason", async () => {
    const error = { code: "STORE_UNAVAILABLE", message: "ClickHouse does not answer\u001b[2J" };
    const other = { fetch: async () => Response.json({ error }, { status: 503 }) };
    const { code, err } = await cli(["runs"], other);
    expect(code).toBe(3);
    expect(err).toContain("ClickHouse does not answer\\u001b[2J");
  });

  test("serve gets its options and gives its exit code", async () => {
    const seen: ServeOptions[] = [];
    const serve = async (options: ServeOptions): Promise<number> => {
      seen.push(options);
      return 3;
    };
    expect((await cli(["serve", "--config", "a.yaml"], { serve })).code).toBe(3);
    expect(seen).toEqual([{ config: "a.yaml" }]);
  });
});

test("every reading command takes a format, an address and a token, and tells what it is for", () => {
  const sink = { write: () => true };
  const program = buildProgram({
    serve: async () => 0,
    version: "1.2.3",
    stdout: sink,
    stderr: sink,
    env: {},
    fetch: apiFetch,
  });
  const reading = program.commands.filter(
    (command) => !["serve", "doctor"].includes(command.name()),
  );
  expect(reading.map((command) => command.name())).toEqual([
    "runs",
    "run",
    "inputs",
    "decisions",
    "definition",
    "query",
  ]);
  for (const command of reading) {
    const flags = command.options.map((option) => option.long);
    expect(flags).toEqual(expect.arrayContaining(["--format", "--url", "--token", "--limit"]));
    expect(command.description()).not.toBe("");
  }
});

test("the token is sent as bearer, the address comes from the environment", async () => {
  const seen: string[] = [];
  const spy: typeof fetch = async (input, init) => {
    seen.push(String(input), new Headers(init?.headers).get("authorization") ?? "none");
    return apiFetch(input, init);
  };
  const env = { SPANLEDGER_URL: "http://audit.example:9/base/", SPANLEDGER_TOKEN: "t0p" };
  await cli(["runs"], { fetch: spy, env });
  await cli(["runs", "--url", "http://127.0.0.1:7", "--token", "own"], { fetch: spy, env });
  await cli(["runs"], { fetch: spy });
  expect(seen).toEqual([
    "http://audit.example:9/base/api/v1/runs",
    "Bearer t0p",
    "http://127.0.0.1:7/api/v1/runs",
    "Bearer own",
    "http://127.0.0.1:8686/api/v1/runs",
    "none",
  ]);
});

test.each<{ args: readonly string[] }>([
  { args: ["runs"] },
  { args: ["run", RUN.hostile] },
  { args: ["inputs", RUN.hostile] },
  { args: ["query", "steps"] },
  { args: ["query", "who-started"] },
  { args: ["query", "payloads", "-p", `run=${RUN.hostile}`] },
])("$args prints no control character of stored text, in no format", async ({ args }) => {
  for (const format of ["table", "json", "csv"]) {
    const { code, out } = await cli([...args, "--format", format]);
    expect(code).toBe(0);
    expect(out).toContain("\\u001b");
    expect(escapeControls(out, "keep lines")).toBe(out);
    if (format === "json")
      expect(JSON.stringify(JSON.parse(out))).toContain(JSON.stringify(HOSTILE_TEXT).slice(1, -1));
  }
});
