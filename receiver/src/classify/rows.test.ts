/**
 * Goal: every span becomes the rows that the audit needs, and nothing of it is lost or doubled.
 * Method: spans built by hand in OTLP's terms, rows compared field by field.
 */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { AttributeValue, RedactedSpan } from "../base/records.ts";
import { INLINE_ATTRIBUTE_LENGTH_MAX, rowsOf } from "./rows.ts";

const FACTS = {
  batchId: "01J00000000000000000000000",
  workspaceId: "default",
  retentionClass: "standard",
  receivedAtMs: Date.UTC(2026, 0, 1, 12),
};

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
      FACTS,
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
    const [row] = rowsOf([span()], FACTS).spans;
    expect(row).toMatchObject({ Timestamp: 1_000_000_000n, Duration: 2_000_000_001n });
    expect(row?.ServiceName).toBe("svc");
  });

  test("moves content to payloads and leaves its digest", () => {
    const content = '[{"role":"user"}]';
    const digest = createHash("sha256").update(content).digest("hex");
    const rows = rowsOf([span({ "gen_ai.input.messages": content, note: "n" })], FACTS);
    expect(rows.payloads).toMatchObject([
      { Name: "gen_ai.input.messages", Content: content, Digest: digest, SizeBytes: 17n, Row: 0 },
    ]);
    expect(Object.fromEntries(rows.spans[0]?.SpanAttributes ?? [])).toEqual({
      "gen_ai.input.messages": `payload:sha256:${digest}`,
      note: "n",
    });
  });

  test("moves any text above the inline limit, and none at it", () => {
    const at = "x".repeat(INLINE_ATTRIBUTE_LENGTH_MAX);
    expect(rowsOf([span({ at })], FACTS).payloads).toHaveLength(0);
    expect(rowsOf([span({ above: `${at}x` })], FACTS).payloads).toHaveLength(1);
  });

  test("lets rows expire at midnight after their class's age, counted from arrival", () => {
    const rows = rowsOf([span({ "workflow.step.input": "{}" })], FACTS);
    expect(rows.spans[0]?.ExpiresAt).toBe(Date.UTC(2027, 0, 2) / 1000);
    expect(rows.payloads[0]?.ExpiresAt).toBe(Date.UTC(2026, 3, 2) / 1000);
  });

  test("refuses a retention class that does not exist", () => {
    expect(() => rowsOf([span()], { ...FACTS, retentionClass: "none" })).toThrow(/none/);
  });

  test("gives every row its own place in the batch", () => {
    const rows = rowsOf([span(), span({ "workflow.step.input": "{}" })], FACTS);
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
      FACTS,
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
      FACTS,
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
      FACTS,
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
    const rows = rowsOf([span(attributes as Record<string, AttributeValue>, { name })], FACTS);
    expect(rows.spans[0]?.SpanType).toBe(type);
  });

  test("takes a server span with an HTTP method as a request", () => {
    const rows = rowsOf([span({ "http.request.method": "POST" }, { kind: "Server" })], FACTS);
    expect(rows.spans[0]?.SpanType).toBe("http");
  });
});
