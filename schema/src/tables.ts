/**
 * The tables and their columns: the one place from which row types and encoders are derived.
 *
 * The migrations create these tables; a test holds `system.columns` of a migrated database against
 * these lists. The order of the columns is the order of the canonical row (RowBinary), so it never
 * changes: new columns go to the end, by a migration of their own.
 */

/** The database that holds everything. Not `default`: that one is an Overlay on the embedded engine. */
export const DATABASE = "spanledger";

/** A ClickHouse type as it stands in a column list, limited to those that the row encoder knows. */
export type ColumnType =
  | "Bool"
  | "DateTime"
  | "DateTime64(9)"
  | "LowCardinality(String)"
  | "Map(LowCardinality(String), String)"
  | "Map(LowCardinality(String), UInt32)"
  | "Nullable(Float64)"
  | "String"
  | "UInt16"
  | "UInt32"
  | "UInt64"
  | "Array(DateTime64(9))"
  | "Array(LowCardinality(String))"
  | "Array(Map(LowCardinality(String), String))"
  | "Array(String)";

/** The value that stands for a column in a row object. Times: nanoseconds, `DateTime`: seconds, UTC. */
export type ColumnValue<T extends ColumnType> = T extends "Bool"
  ? boolean
  : T extends "DateTime" | "UInt16" | "UInt32"
    ? number
    : T extends "DateTime64(9)" | "UInt64"
      ? bigint
      : T extends "Nullable(Float64)"
        ? number | null
        : T extends "LowCardinality(String)" | "String"
          ? string
          : T extends "Map(LowCardinality(String), UInt32)"
            ? ReadonlyMap<string, number>
            : T extends "Map(LowCardinality(String), String)"
              ? ReadonlyMap<string, string>
              : T extends "Array(DateTime64(9))"
                ? readonly bigint[]
                : T extends "Array(Map(LowCardinality(String), String))"
                  ? readonly ReadonlyMap<string, string>[]
                  : readonly string[];

/** A table: its name and its columns in order. */
export interface Table {
  readonly name: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
}

/** The row type of a table. */
export type RowOf<T extends Table> = {
  readonly [C in keyof T["columns"]]: ColumnValue<T["columns"][C]>;
};

/** Every span, redacted: the Collector's `otel_traces` columns, then ours. */
export const SPANS = {
  name: "spans",
  columns: {
    Timestamp: "DateTime64(9)",
    TraceId: "String",
    SpanId: "String",
    ParentSpanId: "String",
    TraceState: "String",
    SpanName: "LowCardinality(String)",
    SpanKind: "LowCardinality(String)",
    ServiceName: "LowCardinality(String)",
    ResourceAttributes: "Map(LowCardinality(String), String)",
    ScopeName: "String",
    ScopeVersion: "String",
    SpanAttributes: "Map(LowCardinality(String), String)",
    Duration: "UInt64",
    StatusCode: "LowCardinality(String)",
    StatusMessage: "String",
    "Events.Timestamp": "Array(DateTime64(9))",
    "Events.Name": "Array(LowCardinality(String))",
    "Events.Attributes": "Array(Map(LowCardinality(String), String))",
    "Links.TraceId": "Array(String)",
    "Links.SpanId": "Array(String)",
    "Links.TraceState": "Array(String)",
    "Links.Attributes": "Array(Map(LowCardinality(String), String))",
    ScopeAttributes: "Map(LowCardinality(String), String)",
    DroppedAttributes: "UInt32",
    DroppedEvents: "UInt32",
    DroppedLinks: "UInt32",
    Flags: "UInt32",
    WorkspaceId: "LowCardinality(String)",
    RunId: "String",
    WorkflowId: "LowCardinality(String)",
    StepName: "LowCardinality(String)",
    SpanType: "LowCardinality(String)",
    Result: "LowCardinality(String)",
    Redactions: "Map(LowCardinality(String), UInt32)",
    BatchId: "String",
    Segment: "UInt16",
    Row: "UInt32",
    RetentionClass: "LowCardinality(String)",
    ExpiresAt: "DateTime",
  },
} as const;
export type SpanRow = RowOf<typeof SPANS>;

/** Content taken out of spans: prompts, responses, inputs, outputs, bodies; one row per attribute. */
export const PAYLOADS = {
  name: "payloads",
  columns: {
    Timestamp: "DateTime64(9)",
    WorkspaceId: "LowCardinality(String)",
    RunId: "String",
    WorkflowId: "LowCardinality(String)",
    TraceId: "String",
    SpanId: "String",
    SpanType: "LowCardinality(String)",
    StepName: "LowCardinality(String)",
    Name: "LowCardinality(String)",
    Content: "String",
    SizeBytes: "UInt64",
    BatchId: "String",
    Segment: "UInt16",
    Row: "UInt32",
    RetentionClass: "LowCardinality(String)",
    ExpiresAt: "DateTime",
  },
} as const;
export type PayloadRow = RowOf<typeof PAYLOADS>;

/** One row per run segment: the root span of a run or of its resumed part. */
export const RUNS = {
  name: "runs",
  columns: {
    StartedAt: "DateTime64(9)",
    EndedAt: "DateTime64(9)",
    WorkspaceId: "LowCardinality(String)",
    WorkflowId: "LowCardinality(String)",
    WorkflowName: "LowCardinality(String)",
    WorkflowVersion: "LowCardinality(String)",
    RunId: "String",
    TraceId: "String",
    SpanId: "String",
    Result: "LowCardinality(String)",
    StatusMessage: "String",
    TriggerType: "LowCardinality(String)",
    TriggerSource: "String",
    TriggerId: "String",
    ActorId: "String",
    ActorType: "LowCardinality(String)",
    Authorization: "String",
    RequestId: "String",
    ConversationId: "String",
    Engine: "LowCardinality(String)",
    ServiceName: "LowCardinality(String)",
    Tags: "Array(String)",
    DefinitionSha256: "String",
    ResumesTraceId: "String",
    BatchId: "String",
    Segment: "UInt16",
    Row: "UInt32",
    RetentionClass: "LowCardinality(String)",
    ExpiresAt: "DateTime",
  },
} as const;
export type RunRow = RowOf<typeof RUNS>;

/** One row per branch decision. */
export const DECISIONS = {
  name: "decisions",
  columns: {
    Timestamp: "DateTime64(9)",
    WorkspaceId: "LowCardinality(String)",
    WorkflowId: "LowCardinality(String)",
    RunId: "String",
    TraceId: "String",
    SpanId: "String",
    DecisionId: "String",
    Name: "LowCardinality(String)",
    Type: "LowCardinality(String)",
    SourceStep: "LowCardinality(String)",
    Condition: "String",
    Options: "Array(String)",
    Selected: "Array(String)",
    Skipped: "Array(String)",
    DefaultTaken: "Bool",
    Reason: "String",
    Confidence: "Nullable(Float64)",
    BatchId: "String",
    Segment: "UInt16",
    Row: "UInt32",
    RetentionClass: "LowCardinality(String)",
    ExpiresAt: "DateTime",
  },
} as const;
export type DecisionRow = RowOf<typeof DECISIONS>;

/** One row per span that ended with status ERROR. */
export const ERRORS = {
  name: "errors",
  columns: {
    Timestamp: "DateTime64(9)",
    WorkspaceId: "LowCardinality(String)",
    WorkflowId: "LowCardinality(String)",
    RunId: "String",
    TraceId: "String",
    SpanId: "String",
    SpanType: "LowCardinality(String)",
    SpanName: "LowCardinality(String)",
    ServiceName: "LowCardinality(String)",
    StepName: "LowCardinality(String)",
    Attempt: "UInt16",
    Type: "LowCardinality(String)",
    Message: "String",
    Fallback: "String",
    BatchId: "String",
    Segment: "UInt16",
    Row: "UInt32",
    RetentionClass: "LowCardinality(String)",
    ExpiresAt: "DateTime",
  },
} as const;
export type ErrorRow = RowOf<typeof ERRORS>;

/** The tables that a batch writes, in the order in which it writes them. */
export const BATCH_TABLES: readonly [
  typeof SPANS,
  typeof PAYLOADS,
  typeof RUNS,
  typeof DECISIONS,
  typeof ERRORS,
] = [SPANS, PAYLOADS, RUNS, DECISIONS, ERRORS];
export type BatchTableName = (typeof BATCH_TABLES)[number]["name"];

/** The receiver's log: one row per batch, inserted after the batch's other tables. Hashes are hex. */
export const LEDGER = {
  name: "ledger",
  columns: {
    Origin: "LowCardinality(String)",
    Sequence: "UInt64",
    BatchId: "String",
    HeaderHash: "String",
    PreviousHeader: "String",
    /** The header in canonical form as hex; `HeaderHash` is SHA-256(0x00 ‖ unhex(Header)). */
    Header: "String",
    /** What the header says of each segment, as JSON, for people and queries. */
    Segments: "String",
    Rows: "UInt64",
    LostRecords: "UInt32",
    PolicyDigest: "LowCardinality(String)",
    ClosedAt: "DateTime64(9)",
    ExpiresAt: "DateTime",
  },
} as const;
export type LedgerRow = RowOf<typeof LEDGER>;

/** Days that the ledger is kept: seven years, as the longest-lived rows that it vouches for. */
export const LEDGER_DELETE_DAYS = 2_557;

/** Everything that is read by name but not written by a batch. */
export const VIEWS = {
  auditActions: "audit_actions",
  auditAiCalls: "audit_ai_calls",
  auditApprovals: "audit_approvals",
  auditDecisions: "audit_decisions",
  auditDefinitions: "audit_definitions",
  auditErrors: "audit_errors",
  auditPayloads: "audit_payloads",
  auditRuns: "audit_runs",
  auditSteps: "audit_steps",
  auditTimeline: "audit_timeline",
  otelTraces: "otel_traces",
} as const;

/** The lookup table of Grafana's ClickHouse data source: first and last second of each trace. */
export const TRACE_ID_TS = "otel_traces_trace_id_ts";

/** Sums per run, kept by a materialised view on {@link SPANS}. */
export const RUN_STATISTICS = "run_statistics";

/**
 * What stands in a span in place of content that was moved to {@link PAYLOADS}: the prefix and the
 * size in bytes. The digest is the leaf of the payload's row.
 */
export const PAYLOAD_REFERENCE_PREFIX = "payload:";
