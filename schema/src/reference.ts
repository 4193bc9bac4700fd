/**
 * What each span and attribute of ours means: type, requirement level, an example, where it stands.
 *
 * Pure data; the compiler sees to it that none is missing. The tables of this package's README are
 * made of it, and a test compares the two. OpenTelemetry's own names are described by its
 * conventions.
 */
import { NORMALISED, OTEL, SPAN_NAME, TELEMETRY, WORKFLOW } from "./attributes.ts";

/** Requirement levels of OpenTelemetry's semantic conventions. */
export type RequirementLevel = "required" | "conditionally required" | "recommended";

/** What is known of one attribute. */
export interface AttributeReference {
  /** The spans that carry it, by the first word of their name; or `resource`, `event`, `every span`. */
  readonly on: string;
  readonly type: "string" | "string[]" | "int" | "double" | "boolean" | "map";
  readonly level: RequirementLevel;
  readonly example: string;
}

/** What is known of one kind of span. */
export interface SpanReference {
  readonly kind: "INTERNAL" | "CLIENT";
  readonly meaning: string;
}

/** Names of ours that stand in OpenTelemetry's namespace. */
const EXTENDED = [OTEL.httpRequestBody, OTEL.httpRequestBodyOmitted] as const;

type OwnName =
  | (typeof WORKFLOW)[keyof typeof WORKFLOW]
  | (typeof TELEMETRY)[keyof typeof TELEMETRY]
  | (typeof NORMALISED)[keyof typeof NORMALISED]
  | (typeof EXTENDED)[number];

type Row = readonly [
  on: string,
  type: AttributeReference["type"],
  level: RequirementLevel,
  example: string,
];

const RUN = SPAN_NAME.run;
const STEP = SPAN_NAME.step;
const DECISION = SPAN_NAME.decision;
const CHECKPOINTS = "save_checkpoint, load_checkpoint";
const MUST = "required";
const IF = "conditionally required";
const MAY = "recommended";

const ROWS: Readonly<Record<OwnName, Row>> = {
  [WORKFLOW.runId]: ["every span", "string", MUST, "01M7YKFA1D5Z2AC1J06KK98VPV"],
  [WORKFLOW.requestId]: ["every span", "string", MUST, "01M7YKFA1D5Z2AC1J06KK98VPW"],
  [WORKFLOW.workspaceId]: ["every span", "string", IF, "sales"],
  [WORKFLOW.actorId]: ["every span", "string", MUST, "svc-lead-intake"],
  [WORKFLOW.actorType]: ["every span", "string", MUST, "service"],
  [WORKFLOW.id]: ["every span, define_workflow", "string", MUST, "lead-triage"],
  [WORKFLOW.version]: [`${RUN}, define_workflow`, "string", IF, "1.4.0"],
  [WORKFLOW.runResult]: [RUN, "string", MUST, "paused"],
  [WORKFLOW.triggerType]: [RUN, "string", MUST, "webhook"],
  [WORKFLOW.triggerSource]: [RUN, "string", MAY, "hubspot"],
  [WORKFLOW.triggerId]: [RUN, "string", MAY, "dlv-L-05"],
  [WORKFLOW.authorization]: [RUN, "string", MAY, "policy lead-intake v3"],
  [WORKFLOW.engine]: [RUN, "string", IF, "langgraph"],
  [WORKFLOW.tags]: [RUN, "string[]", MAY, '["demo"]'],
  [WORKFLOW.definitionSha256]: [
    `${RUN}, define_workflow`,
    "string",
    IF,
    "97bc993d… (64 hex digits)",
  ],
  [WORKFLOW.definition]: ["define_workflow", "string", MUST, '{"edges":[…],"nodes":[…]}'],
  [WORKFLOW.stepId]: [STEP, "string", MUST, "classify"],
  [WORKFLOW.stepName]: ["run_step, every span inside", "string", MUST, "classify"],
  [WORKFLOW.stepType]: [STEP, "string", MUST, "ai"],
  [WORKFLOW.stepAttempt]: [STEP, "int", MUST, "1"],
  [WORKFLOW.stepIndex]: [STEP, "int", MAY, "3"],
  [WORKFLOW.stepResult]: [STEP, "string", MAY, "retried"],
  [WORKFLOW.stepInput]: [STEP, "string", MAY, '{"leadId":"L-07"}'],
  [WORKFLOW.stepOutput]: [STEP, "string", MAY, '{"label":"high"}'],
  [WORKFLOW.stepFallback]: [STEP, "string", IF, "enrich_offline"],
  [WORKFLOW.decisionId]: [DECISION, "string", MUST, "routeByScore"],
  [WORKFLOW.decisionName]: [DECISION, "string", MUST, "routeByScore"],
  [WORKFLOW.decisionType]: [DECISION, "string", MUST, "conditional_edge"],
  [WORKFLOW.decisionOptions]: [DECISION, "string[]", MUST, '["high","low"]'],
  [WORKFLOW.decisionSelected]: [DECISION, "string[]", MUST, '["high"]'],
  [WORKFLOW.decisionSkipped]: [DECISION, "string[]", MAY, '["low"]'],
  [WORKFLOW.decisionSourceStep]: [DECISION, "string", MAY, "classify"],
  [WORKFLOW.decisionCondition]: [DECISION, "string", MAY, "score >= 70"],
  [WORKFLOW.decisionDefaultTaken]: [DECISION, "boolean", MAY, "false"],
  [WORKFLOW.decisionReason]: [DECISION, "string", MAY, "280 seats; names a budget"],
  [WORKFLOW.decisionConfidence]: [DECISION, "double", MAY, "0.97"],
  [WORKFLOW.decisionInputs]: [DECISION, "string", MAY, '{"score":76}'],
  [WORKFLOW.actionName]: [SPAN_NAME.action, "string", MUST, "salesforce.create_lead"],
  [WORKFLOW.actionTarget]: [SPAN_NAME.action, "string", MAY, "salesforce"],
  [WORKFLOW.actionExternalId]: [SPAN_NAME.action, "string", MAY, "00Q2DF1D99B3D4B76C"],
  [WORKFLOW.actionResult]: [SPAN_NAME.action, "string", MAY, "success"],
  [WORKFLOW.approvalId]: ["resolve_approval, event", "string", MUST, "01M7YKFA09AA9XH4ZGX4J6E6RZ"],
  [WORKFLOW.approvalOutcome]: [SPAN_NAME.approval, "string", MUST, "approved"],
  [WORKFLOW.approvalComment]: ["resolve_approval, event", "string", MAY, "Within the plan."],
  [WORKFLOW.approvalRequestedAt]: [SPAN_NAME.approval, "string", MAY, "2026-11-21T08:27:25.642Z"],
  [WORKFLOW.approvalWaitMs]: [SPAN_NAME.approval, "int", MAY, "7216"],
  [WORKFLOW.policyName]: [SPAN_NAME.policy, "string", MUST, "no_pii"],
  [WORKFLOW.policyOutcome]: [SPAN_NAME.policy, "string", MUST, "deny"],
  [WORKFLOW.policyRuleId]: [SPAN_NAME.policy, "string", MAY, "R-12"],
  [WORKFLOW.policyReason]: [SPAN_NAME.policy, "string", MAY, "amount above the limit"],
  [WORKFLOW.authMethod]: [SPAN_NAME.authentication, "string", MUST, "oidc"],
  [WORKFLOW.authOutcome]: [SPAN_NAME.authentication, "string", MUST, "failure"],
  [WORKFLOW.checkpointId]: [CHECKPOINTS, "string", MUST, "1f0c8a2e-…"],
  [WORKFLOW.checkpointSequence]: [CHECKPOINTS, "int", MAY, "4"],
  [WORKFLOW.checkpointSha256]: [CHECKPOINTS, "string", MAY, "5feceb66… (64 hex digits)"],
  [WORKFLOW.checkpointKeyId]: [CHECKPOINTS, "string", MAY, "2026-11"],
  [WORKFLOW.checkpointVerified]: [SPAN_NAME.loadCheckpoint, "boolean", MAY, "true"],
  [OTEL.httpRequestBody]: ["HTTP server", "string", MAY, '{"to":"a"}'],
  [OTEL.httpRequestBodyOmitted]: ["HTTP server", "string", IF, "too_large"],
  [TELEMETRY.capture]: ["resource", "string", IF, "metadata"],
  [TELEMETRY.gapSpans]: [SPAN_NAME.gap, "int", MUST, "512"],
  [TELEMETRY.gapReason]: [SPAN_NAME.gap, "string", MUST, "queue_full"],
  [NORMALISED.dialect]: ["translated by the receiver", "string", IF, "openinference,traceloop"],
  [NORMALISED.originalName]: ["translated by the receiver", "string", IF, "ChatOpenAI"],
  [NORMALISED.originalAttributeNames]: [
    "translated by the receiver",
    "string[]",
    IF,
    '["llm.model_name"]',
  ],
  [NORMALISED.originalEndTime]: ["ended before it began", "string", IF, "1796020045613000000"],
  [NORMALISED.originalContent]: ["translated by the receiver", "map", IF, '{"input.value":"…"}'],
};

/** Every attribute of ours, by its name. */
export const ATTRIBUTE_REFERENCE: ReadonlyMap<string, AttributeReference> = new Map(
  Object.entries(ROWS).map(([name, [on, type, level, example]]) => [
    name,
    { on, type, level, example },
  ]),
);

/** Every kind of span of ours, by the first word of its name. */
export const SPAN_REFERENCE: Readonly<
  Record<(typeof SPAN_NAME)[keyof typeof SPAN_NAME], SpanReference>
> = {
  [SPAN_NAME.run]: { kind: "INTERNAL", meaning: "a run, or the part of it up to a pause" },
  [SPAN_NAME.step]: { kind: "INTERNAL", meaning: "one attempt of a step" },
  [SPAN_NAME.decision]: {
    kind: "INTERNAL",
    meaning: "a branch: what was taken, what was not, why",
  },
  [SPAN_NAME.tool]: { kind: "INTERNAL", meaning: "a tool that a model asked for" },
  [SPAN_NAME.action]: { kind: "CLIENT", meaning: "a side effect in another system" },
  [SPAN_NAME.approval]: { kind: "INTERNAL", meaning: "a person's answer" },
  [SPAN_NAME.policy]: { kind: "INTERNAL", meaning: "a rule that allowed, warned or denied" },
  [SPAN_NAME.authentication]: { kind: "INTERNAL", meaning: "somebody proved who they are, or not" },
  [SPAN_NAME.definition]: { kind: "INTERNAL", meaning: "which roads a workflow has" },
  [SPAN_NAME.saveCheckpoint]: { kind: "INTERNAL", meaning: "a state was signed and stored" },
  [SPAN_NAME.loadCheckpoint]: { kind: "INTERNAL", meaning: "a state was read and verified" },
  [SPAN_NAME.gap]: { kind: "INTERNAL", meaning: "spans of the process that are missing" },
};
