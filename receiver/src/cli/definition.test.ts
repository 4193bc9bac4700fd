/**
 * Goal: `spanledger definition` answers which roads a workflow had, also when spans came twice, in
 * parts, redacted, or not at all. Method: rows by hand on the real engine, the program as a function.
 */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApi } from "../api/app.ts";
import {
  NOW_MS,
  type ReadFixture,
  startReadFixture,
  tokenise,
} from "../api/fixture.test.helper.ts";
import { EXPIRES, iso } from "../api/fixture-spans.test.helper.ts";
import { runCli } from "./program.ts";

const FLOW = "lead-triage";
const DAY_MS = 86_400_000;

const text = (conditions: string): string =>
  `{"edges":[{"condition":"${conditions}","from":"classify","to":"create"},` +
  '{"default":true,"from":"classify","to":"reject"}],"nodes":[{"id":"classify","type":"AI"},' +
  '{"id":"create","type":"ACTION"},{"id":"reject","type":"ACTION"}]}';
const sha256 = (of: string): string => createHash("sha256").update(of).digest("hex");

const V1 = text("score >= 0.8");
const V2 = text("score >= 0.9").replace(
  '"id":"create","type":"ACTION"',
  '"id":"create","type":"APPROVAL"',
);
const REDACTED = text("mail = [email:15]");
const REDACTED_SHA = sha256(text("mail = ada@example.com"));
const UNSEEN_SHA = sha256("never arrived");

let fixture: ReadFixture;
let apiFetch: typeof fetch;

function span(id: string, day: number, version: string, digest: string, stored: string): object {
  return {
    Timestamp: iso(NOW_MS - day * DAY_MS),
    WorkspaceId: "default",
    WorkflowId: FLOW,
    TraceId: `trace-${id}`,
    SpanId: id,
    SpanName: "define_workflow Lead triage",
    SpanType: "definition",
    SpanAttributes: {
      "workflow.id": FLOW,
      "workflow.version": version,
      "workflow.definition.sha256": digest,
      "workflow.definition": stored,
    },
    RetentionClass: "standard",
    ExpiresAt: EXPIRES,
  };
}

function payload(id: string, content: string, workspace = "default"): object {
  return {
    Timestamp: iso(NOW_MS),
    WorkspaceId: workspace,
    WorkflowId: FLOW,
    TraceId: `trace-${id}`,
    SpanId: id,
    SpanType: "definition",
    Name: "workflow.definition",
    Content: content,
    SizeBytes: content.length,
    RetentionClass: "standard",
    ExpiresAt: EXPIRES,
  };
}

function run(id: string, day: number, version: string, digest: string): object {
  return {
    StartedAt: iso(NOW_MS - day * DAY_MS),
    EndedAt: iso(NOW_MS - day * DAY_MS + 1_000),
    WorkspaceId: "default",
    WorkflowId: FLOW,
    WorkflowName: "Lead triage",
    WorkflowVersion: version,
    RunId: id,
    TraceId: `trace-${id}`,
    SpanId: "root",
    DefinitionSha256: digest,
    RetentionClass: "standard",
    ExpiresAt: EXPIRES,
  };
}

beforeAll(async () => {
  fixture = await startReadFixture();
  const app = createApi({ client: fixture.client, tokenise, now: () => NOW_MS });
  apiFetch = async (input, init) => app.request(String(input), init);
  const insert = (table: string, values: readonly object[]) =>
    fixture.client.insert({
      table,
      values,
      format: "JSONEachRow",
      clickhouse_settings: { date_time_input_format: "best_effort" },
    });
  // The second version is long: its text comes from payloads, before its span, and a forgery after.
  await insert("payloads", [payload("v2", V2)]);
  await insert("spans", [
    span("v1", 9, "1", sha256(V1), V1),
    span("v1-again", 8, "1", sha256(V1), V1),
    span("v2", 5, "2", sha256(V2), `payload:${V2.length}`),
    span("mail", 3, "3", REDACTED_SHA, REDACTED),
  ]);
  await insert("payloads", [payload("v2", text("anything")), payload("v1", "x", "other")]);
  await insert("runs", [
    run("r-1", 9, "1", sha256(V1)),
    run("r-2", 7, "1", sha256(V1)),
    run("r-2", 6, "1", sha256(V1)),
    run("r-3", 2, "4", UNSEEN_SHA),
    run("r-4", 1, "5", ""),
  ]);
});
afterAll(() => fixture.stop());

async function cli(...args: readonly string[]) {
  let out = "";
  let err = "";
  const code = await runCli(["definition", ...args], {
    serve: async () => 0,
    version: "1.2.3",
    stdout: { write: (part) => (out += part), columns: 110 },
    stderr: { write: (part) => (err += part) },
    env: {},
    fetch: apiFetch,
  });
  return { code, out, err };
}

describe("definition WORKFLOW", () => {
  test("shows nodes and edges, when they were used, and that the text has the digest", async () => {
    const { code, out } = await cli(FLOW, "--of", "1");
    expect(code).toBe(0);
    expect(out.split("\n").map((row) => row.trimEnd())).toEqual([
      "Definition of lead-triage",
      "  name      Lead triage",
      `  sha256    ${sha256(V1)}`,
      "  versions  1",
      "  used      2026-11-11 12:30:00Z to 2026-11-14 12:30:01Z, 2 runs",
      "  last run  r-2",
      "  record    the text has this digest",
      "",
      "Nodes (3)",
      "  classify  AI",
      "  create    ACTION",
      "  reject    ACTION",
      "",
      "Edges (2)",
      "  classify → create  score >= 0.8",
      "  classify → reject  otherwise",
      "",
      "Other definitions, newest first",
      `  ${UNSEEN_SHA.slice(0, 12)}  version 4  2026-11-18 12:30:00Z to 2026-11-18 12:30:01Z, 1 run`,
      `  ${REDACTED_SHA.slice(0, 12)}  version 3  2026-11-17 12:30:00Z to 2026-11-17 12:30:00Z, 0 runs`,
      `  ${sha256(V2).slice(0, 12)}  version 2  2026-11-15 12:30:00Z to 2026-11-15 12:30:00Z, 0 runs`,
      "",
    ]);
  });

  test("shows the newest, also when runs name it and it never arrived; by name as by id", async () => {
    for (const workflow of [FLOW, "Lead triage"]) {
      const { out } = await cli(workflow);
      expect(out).toContain(`sha256    ${UNSEEN_SHA}`);
      expect(out).toContain("no definition has arrived");
    }
  });

  test("takes a long text from the payloads, and the one that has the digest", async () => {
    const { out } = await cli(FLOW, "--of", sha256(V2).slice(0, 6).toUpperCase());
    expect(out).toContain("the text has this digest");
    expect(out).toContain("classify → create  score >= 0.9");
  });

  test("says where the text is no longer the one of the digest", async () => {
    const { out } = await cli(FLOW, "--of", "3");
    expect(out).toContain("not the one of the digest: redacted, cut or changed");
    expect(out).toContain("mail = [email:15]");
  });

  test("gives every definition as JSON and CSV", async () => {
    const rows = JSON.parse((await cli(FLOW, "-f", "json")).out) as Record<string, unknown>[];
    expect(rows.map((row) => [row.Versions, row.Intact, row.Definition])).toEqual([
      [["4"], false, ""],
      [["3"], false, REDACTED],
      [["2"], true, V2],
      [["1"], true, V1],
    ]);
    expect((await cli(FLOW, "-f", "csv")).out.trimEnd().split("\r\n")).toHaveLength(5);
  });

  test.each([[["nowhere"]], [[FLOW, "--of", "99"]], [["nowhere", "--diff", "1", "2"]]])(
    "ends with 1 where there is none: %j",
    async (args) => {
      expect(await cli(...args)).toMatchObject({ code: 1 });
    },
  );
});

describe("definition WORKFLOW --diff A B", () => {
  test("shows what changed", async () => {
    const { code, out } = await cli(FLOW, "--diff", "1", "2");
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "Definition of lead-triage",
      `--- ${sha256(V1).slice(0, 12)}  version 1  2026-11-11 12:30:00Z to 2026-11-14 12:30:01Z, 2 runs`,
      `+++ ${sha256(V2).slice(0, 12)}  version 2  2026-11-15 12:30:00Z to 2026-11-15 12:30:00Z, 0 runs`,
      "~ node create  ACTION → APPROVAL",
      "~ edge classify → create  score >= 0.8 → score >= 0.9",
      "",
    ]);
  });

  test("gives the changes as JSON and CSV", async () => {
    const change = { Change: "changed", Kind: "node", Item: "create", Before: "ACTION" };
    const json = JSON.parse((await cli(FLOW, "--diff", "1", "2", "-f", "json")).out) as unknown[];
    expect(json[0]).toEqual({ ...change, After: "APPROVAL" });
    const csv = (await cli(FLOW, "--diff", "1", "2", "-f", "csv")).out;
    expect(csv).toContain("changed,node,create,ACTION,APPROVAL\r\n");
  });

  test("says where nothing differs", async () => {
    const { code, out } = await cli(FLOW, "--diff", "1", sha256(V1));
    expect(code).toBe(0);
    expect(out).toContain("Nodes and edges are the same.");
  });

  test("ends with 1 where the text of one is not known, and with 2 for one name or three", async () => {
    expect(await cli(FLOW, "--diff", "1", "4")).toMatchObject({ code: 1, out: "" });
    expect(await cli(FLOW, "--diff", "1")).toMatchObject({ code: 2 });
    expect(await cli("--diff", "1", "2", FLOW)).toMatchObject({ code: 2 });
  });
});
