/**
 * Goal: every span becomes the rows that the audit needs, and nothing of it is lost or doubled.
 * Method: spans built by hand in OTLP's terms, rows compared field by field.
 */
import { describe, expect, test } from "vitest";
import type { AttributeValue, RedactedSpan } from "../base/records.ts";
import { INLINE_SIZE_MAX_BYTES, TEXT_SIZE_MAX_BYTES } from "../base/span-rules.ts";
import { firstPlace } from "./place.ts";
import { rowsOf } from "./rows.ts";

const FACTS = {
  batchId: "01J00000000000000000000000",
  workspaceId: "default",
  retentionClass: "standard",
  receivedAtMs: Date.UTC(2026, 0, 1, 12),
};
const PLACE = firstPlace(FACTS);

function span(
  attributes: Record<string, AttributeValue> = {},
  more: Partial<RedactedSpan> = {},
): RedactedSpan {
  return {
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: "eee19b7ec3c1b174",
    parentSpanId: "",
    traceState: "",
    name: "anything",
    kind: "Internal",
    startNs: 1_000_000_000n,
    endNs: 3_000_000_001n,
    attributes: new Map(Object.entries(attributes)),
    events: [],
    links: [],
    statusCode: "Unset",
    statusMessage: "",
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    flags: 0,
    resource: { attributes: new Map([["service.name", "svc"]]) },
    scope: { name: "scope", version: "1", attributes: new Map() },
    redactions: new Map(),
    ...more,
  } as RedactedSpan;
}

describe("rowsOf", () => {
  test("writes every kind of attribute value as the Collector does", () => {
    const [row] = rowsOf(
      [
        span({
          string: "text",
          bool: true,
          int: 9_223_372_036_854_775_807n,
          double: 0.5,
          bytes: new Uint8Array([1, 2, 255]),
          empty: null,
          array: ["a", 1n, 9_007_199_254_740_993n, 1.5, false, null, new Uint8Array([0])],
          map: new Map<string, AttributeValue>([["k", new Map([["n", 'quote"']])]]),
        }),
      ],
      PLACE,
    ).spans;
    expect(Object.fromEntries(row?.SpanAttributes ?? [])).toEqual({
      string: "text",
      bool: "true",
      int: "9223372036854775807",
      double: "0.5",
      bytes: "AQL/",
      empty: "",
      array: '["a",1,9007199254740993,1.5,false,null,"AA=="]',
      map: '{"k":{"n":"quote\\""}}',
    });
  });

  test("keeps time, duration and service to the nanosecond", () => {
    const [row] = rowsOf([span()], PLACE).spans;
    expect(row).toMatchObject({ Timestamp: 1_000_000_000n, Duration: 2_000_000_001n });
    expect(row?.ServiceName).toBe("svc");
  });

  test("moves content to payloads and leaves its size", () => {
    const content = '[{"role":"üser"}]';
    const rows = rowsOf([span({ "gen_ai.input.messages": content, note: "n" })], PLACE);
    expect(rows.payloads).toMatchObject([
      { Name: "gen_ai.input.messages", Content: content, SizeBytes: 18n, Row: 0 },
    ]);
    expect(Object.fromEntries(rows.spans[0]?.SpanAttributes ?? [])).toEqual({
      "gen_ai.input.messages": "payload:18",
      note: "n",
    });
  });

  test("moves any text above the inline limit, and none at it", () => {
    const at = `ü${"x".repeat(INLINE_SIZE_MAX_BYTES - 2)}`;
    expect(rowsOf([span({ at })], PLACE).payloads).toHaveLength(0);
    expect(rowsOf([span({ above: `${at}x` })], PLACE).payloads).toHaveLength(1);
  });

  test("keeps text at the size limit and cuts longer text at a character's edge", () => {
    const at = "x".repeat(TEXT_SIZE_MAX_BYTES);
    const above = `${at.slice(1)}ü`;
    // SHA-256 of 2^20 - 1 times `x` and `ü` in UTF-8, by sha256sum.
    const digest = "41952edcdffd61841638f20979a7168fea96b2da41c87200b4b66b6b8daf0eea";
    const contents = [at, above].map((text) => rowsOf([span({ text })], PLACE).payloads[0]);
    expect(contents[0]?.Content).toBe(at);
    expect(contents[1]?.Content).toBe(
      `${at.slice(1)}[cut: ${TEXT_SIZE_MAX_BYTES + 1} bytes, sha256:${digest}]`,
    );
  });

  test("continues the rows of an open batch", () => {
    const tables = PLACE.tables.map((table) => ({ ...table, nextRow: 7, segment: 9 }));
    const rows = rowsOf([span(), span()], { ...PLACE, tables });
    expect(rows.spans.map((row) => [row.Segment, row.Row])).toEqual([
      [9, 7],
      [9, 8],
    ]);
  });

  test("lets rows expire at midnight after their class's age, counted from arrival", () => {
    const rows = rowsOf([span({ "workflow.step.input": "{}" })], PLACE);
    expect(rows.spans[0]?.ExpiresAt).toBe(Date.UTC(2027, 0, 2) / 1000);
    expect(rows.payloads[0]?.ExpiresAt).toBe(Date.UTC(2026, 3, 2) / 1000);
  });

  test("refuses a retention class that does not exist", () => {
    expect(() => firstPlace({ ...FACTS, retentionClass: "none" })).toThrow(/none/);
  });

  test("gives every row its own place in the batch", () => {
    const rows = rowsOf([span(), span({ "workflow.step.input": "{}" })], PLACE);
    const places = [...rows.spans, ...rows.payloads].map((row) => `${row.Segment}/${row.Row}`);
    expect(new Set(places).size).toBe(3);
    expect(rows.spans.map((row) => row.BatchId)).toEqual([FACTS.batchId, FACTS.batchId]);
  });

  test("makes a run row of a root span", () => {
    const rows = rowsOf(
      [
        span(
          {
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": "refund_flow",
            "workflow.id": "refund",
            "workflow.run.id": "01RUN",
            "workflow.run.result": "paused",
            "workflow.trigger.type": "webhook",
            "user.id": "u-1",
            "workflow.tags": ["a", "b"],
          },
          {
            name: "invoke_workflow refund_flow",
            links: [
              {
                traceId: "f".repeat(32),
                spanId: "e".repeat(16),
                traceState: "",
                attributes: new Map(),
              },
            ],
          },
        ),
      ],
      PLACE,
    );
    expect(rows.runs).toMatchObject([
      {
        RunId: "01RUN",
        WorkflowId: "refund",
        WorkflowName: "refund_flow",
        Result: "paused",
        TriggerType: "webhook",
        ActorId: "u-1",
        ActorType: "user",
        Tags: ["a", "b"],
        ResumesTraceId: "f".repeat(32),
        EndedAt: 3_000_000_001n,
      },
    ]);
    expect(rows.spans[0]).toMatchObject({ SpanType: "run", Result: "paused", RunId: "01RUN" });
  });

  test("makes a decision row and works out what was skipped", () => {
    const rows = rowsOf(
      [
        span(
          {
            "workflow.decision.id": "d",
            "workflow.decision.name": "route",
            "workflow.decision.options": ["high", "low", "review"],
            "workflow.decision.selected": ["low"],
            "workflow.decision.default_taken": true,
            "workflow.decision.confidence": 0.25,
          },
          { name: "evaluate_branch route" },
        ),
      ],
      PLACE,
    );
    expect(rows.decisions).toMatchObject([
      {
        Name: "route",
        Options: ["high", "low", "review"],
        Selected: ["low"],
        Skipped: ["high", "review"],
        DefaultTaken: true,
        Confidence: 0.25,
      },
    ]);
  });

  test("makes an error row from the status, or from the exception event where that is silent", () => {
    const exception = {
      timeNs: 1n,
      name: "exception",
      attributes: new Map([
        ["exception.type", "TypeError"],
        ["exception.message", "no"],
      ]),
    };
    const rows = rowsOf(
      [
        span(
          {
            "error.type": "TimeoutError",
            "workflow.step.name": "enrich",
            "workflow.step.attempt": 2n,
          },
          {
            name: "run_step enrich",
            statusCode: "Error",
            statusMessage: "late",
            events: [exception],
          },
        ),
        span({}, { statusCode: "Error", events: [exception] }),
      ],
      PLACE,
    );
    expect(rows.errors).toMatchObject([
      { Type: "TimeoutError", Message: "late", StepName: "enrich", Attempt: 2, SpanType: "step" },
      { Type: "TypeError", Message: "no", Attempt: 0, SpanType: "other" },
    ]);
    expect(rows.spans.map((row) => row.Result)).toEqual(["failure", "failure"]);
  });

  test.each([
    [{ "gen_ai.operation.name": "chat" }, "chat gpt-x", "ai"],
    [
      { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "t" },
      "execute_tool t",
      "tool",
    ],
    [{ "workflow.step.name": "s" }, "run_step s", "step"],
    [{ "workflow.action.name": "crm.create" }, "perform_action crm.create", "action"],
    [{ "workflow.approval.outcome": "approved" }, "resolve_approval s", "approval"],
    [{ "workflow.policy.name": "p" }, "evaluate_policy p", "policy"],
    [{}, "run_step without attributes", "other"],
    [{}, "SELECT", "other"],
  ])("%o named %j is of type %s", (attributes, name, type) => {
    const rows = rowsOf([span(attributes as Record<string, AttributeValue>, { name })], PLACE);
    expect(rows.spans[0]?.SpanType).toBe(type);
  });

  test("takes a server span with an HTTP method as a request", () => {
    const rows = rowsOf([span({ "http.request.method": "POST" }, { kind: "Server" })], PLACE);
    expect(rows.spans[0]?.SpanType).toBe("http");
  });
});
