-- The definitions of workflows, kept longer than the spans that said them: runs that name a digest are kept for
-- seven years, and their definition must outlive them. Not sealed itself, and need not be: the sealed row of a run
-- names the SHA-256 of the text. One row per span; a long text comes from payloads, in whichever order they arrive.
CREATE TABLE IF NOT EXISTS definitions
(
    WorkspaceId LowCardinality(String),
    TraceId String,
    SpanId String,
    WorkflowId SimpleAggregateFunction(max, String),
    Name SimpleAggregateFunction(max, String),
    Version SimpleAggregateFunction(max, String),
    Sha256 SimpleAggregateFunction(max, String),
    RecordedAt SimpleAggregateFunction(max, DateTime64(9)),
    -- Every text that was sent for the span: none can displace the one that has the digest.
    Texts SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    ExpiresAt SimpleAggregateFunction(max, DateTime)
)
ENGINE = AggregatingMergeTree
ORDER BY (WorkspaceId, TraceId, SpanId)
TTL ExpiresAt
SETTINGS
    -- Between two tries of a batch ClickHouse sees at most three batches of a receiver (IN_FLIGHT_MAX), each on at
    -- most 1,152 days (BATCH_MAX_DAYS + REQUEST_MAX_DAYS), thus 3,456 parts: three receivers fit the window.
    non_replicated_deduplication_window = 10000,
    -- A batch leaves the spool when its INSERTs are answered: they must be on the disk by then.
    fsync_after_insert = 1, fsync_part_directory = 1;

-- ExpiresAt is that of the span or payload and 2,557 days (seven years) more, within what a DateTime holds.
CREATE MATERIALIZED VIEW IF NOT EXISTS definitions_mv TO definitions AS
SELECT
    WorkspaceId, TraceId, SpanId, WorkflowId,
    if(startsWith(SpanName, 'define_workflow '), substring(SpanName, 17), '') AS Name,
    SpanAttributes['workflow.version'] AS Version,
    SpanAttributes['workflow.definition.sha256'] AS Sha256,
    Timestamp AS RecordedAt,
    [SpanAttributes['workflow.definition']] AS Texts,
    toDateTime(least(toUInt64(toUnixTimestamp(spans.ExpiresAt)) + 220924800, 4294967295)) AS ExpiresAt
FROM spans
WHERE SpanType = 'definition';

CREATE MATERIALIZED VIEW IF NOT EXISTS definition_texts_mv TO definitions AS
SELECT
    WorkspaceId, TraceId, SpanId, WorkflowId,
    [Content] AS Texts,
    toDateTime(least(toUInt64(toUnixTimestamp(payloads.ExpiresAt)) + 220924800, 4294967295)) AS ExpiresAt
FROM payloads
WHERE SpanType = 'definition' AND Name = 'workflow.definition';

-- One row per workflow and digest, recorded or only named by runs. Intact: the text has the digest; without it the
-- text was redacted, cut or changed, and with no text only the digest is known.
CREATE VIEW IF NOT EXISTS audit_definitions AS
SELECT
    WorkspaceId, WorkflowId, Sha256,
    max(u.WorkflowName) AS WorkflowName,
    arraySort(groupUniqArrayArray(u.Versions)) AS Versions,
    min(u.FirstAt) AS FirstAt, max(u.LastAt) AS LastAt,
    sum(u.Runs) AS Runs, argMax(u.LastRunId, (u.LastRunId != '', u.LastAt)) AS LastRunId,
    groupUniqArrayArray(u.Texts) AS AllTexts,
    arrayFirst(text -> lower(hex(SHA256(text))) = Sha256, AllTexts) AS IntactText,
    if(IntactText != '', IntactText, arrayFirst(text -> text != '', AllTexts)) AS Definition,
    CAST(IntactText != '', 'Bool') AS Intact
FROM
(
    SELECT
        WorkspaceId, d.WorkflowId AS WorkflowId, d.Sha256 AS Sha256, d.Name AS WorkflowName,
        if(d.Version = '', [], [d.Version]) AS Versions,
        d.RecordedAt AS FirstAt, d.RecordedAt AS LastAt, 0 AS Runs, '' AS LastRunId,
        arrayFilter(text -> NOT match(text, '^payload:[0-9]+$'), d.Texts) AS Texts
    FROM
    (
        SELECT
            WorkspaceId, max(WorkflowId) AS WorkflowId, max(Name) AS Name, max(Version) AS Version,
            max(Sha256) AS Sha256, max(RecordedAt) AS RecordedAt, groupUniqArrayArray(Texts) AS Texts
        FROM definitions
        GROUP BY WorkspaceId, TraceId, SpanId
    ) AS d
    WHERE d.Sha256 != ''
    UNION ALL
    SELECT
        WorkspaceId, WorkflowId, DefinitionSha256 AS Sha256, max(r.WorkflowName) AS WorkflowName,
        groupUniqArrayIf(r.WorkflowVersion, r.WorkflowVersion != '') AS Versions,
        min(r.StartedAt) AS FirstAt, max(r.EndedAt) AS LastAt, uniqExact(r.RunId) AS Runs,
        argMax(r.RunId, r.StartedAt) AS LastRunId, CAST([], 'Array(String)') AS Texts
    FROM runs AS r
    WHERE DefinitionSha256 != ''
    GROUP BY WorkspaceId, WorkflowId, DefinitionSha256
) AS u
GROUP BY WorkspaceId, WorkflowId, Sha256;
