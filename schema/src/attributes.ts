/**
 * Every attribute name, span name and fixed value that Spanledger writes or reads.
 *
 * OpenTelemetry's conventions come first (GenAI, HTTP, exceptions); the `workflow.*` names are ours
 * and live here alone, so that a rename upstream is a change in one place.
 */

/** OpenTelemetry names (semantic conventions, GenAI set after its move to its own repository). */
export const OTEL = {
  errorType: "error.type",
  exceptionMessage: "exception.message",
  exceptionType: "exception.type",
  genAiAgentName: "gen_ai.agent.name",
  genAiConversationId: "gen_ai.conversation.id",
  genAiEmbeddingsDimensionCount: "gen_ai.embeddings.dimension.count",
  genAiInputMessages: "gen_ai.input.messages",
  genAiOperationName: "gen_ai.operation.name",
  genAiOutputMessages: "gen_ai.output.messages",
  genAiOutputType: "gen_ai.output.type",
  genAiPromptName: "gen_ai.prompt.name",
  genAiProviderName: "gen_ai.provider.name",
  genAiRequestChoiceCount: "gen_ai.request.choice.count",
  genAiRequestEncodingFormats: "gen_ai.request.encoding_formats",
  genAiRequestFrequencyPenalty: "gen_ai.request.frequency_penalty",
  genAiRequestMaxTokens: "gen_ai.request.max_tokens",
  genAiRequestModel: "gen_ai.request.model",
  genAiRequestPresencePenalty: "gen_ai.request.presence_penalty",
  genAiRequestSeed: "gen_ai.request.seed",
  genAiRequestStopSequences: "gen_ai.request.stop_sequences",
  genAiRequestStream: "gen_ai.request.stream",
  genAiRequestTemperature: "gen_ai.request.temperature",
  genAiRequestTopK: "gen_ai.request.top_k",
  genAiRequestTopP: "gen_ai.request.top_p",
  genAiResponseFinishReasons: "gen_ai.response.finish_reasons",
  genAiResponseId: "gen_ai.response.id",
  genAiResponseModel: "gen_ai.response.model",
  genAiResponseTimeToFirstChunk: "gen_ai.response.time_to_first_chunk",
  genAiSystemInstructions: "gen_ai.system_instructions",
  genAiToolCallArguments: "gen_ai.tool.call.arguments",
  genAiToolCallId: "gen_ai.tool.call.id",
  genAiToolCallResult: "gen_ai.tool.call.result",
  genAiToolDefinitions: "gen_ai.tool.definitions",
  genAiToolDescription: "gen_ai.tool.description",
  genAiToolName: "gen_ai.tool.name",
  genAiToolType: "gen_ai.tool.type",
  genAiUsageCacheReadInputTokens: "gen_ai.usage.cache_read.input_tokens",
  genAiUsageCacheWriteInputTokens: "gen_ai.usage.cache_write.input_tokens",
  genAiUsageInputTokens: "gen_ai.usage.input_tokens",
  genAiUsageOutputTokens: "gen_ai.usage.output_tokens",
  genAiUsageReasoningOutputTokens: "gen_ai.usage.reasoning.output_tokens",
  genAiWorkflowName: "gen_ai.workflow.name",
  httpRequestBody: "http.request.body",
  httpRequestBodyOmitted: "http.request.body.omitted",
  httpRequestBodySize: "http.request.body.size",
  httpRequestMethod: "http.request.method",
  httpRequestMethodOriginal: "http.request.method_original",
  httpRequestResendCount: "http.request.resend_count",
  jsonrpcRequestId: "jsonrpc.request.id",
  mcpMethodName: "mcp.method.name",
  mcpProtocolVersion: "mcp.protocol.version",
  mcpResourceUri: "mcp.resource.uri",
  mcpSessionId: "mcp.session.id",
  networkTransport: "network.transport",
  rpcResponseStatusCode: "rpc.response.status_code",
  httpResponseStatusCode: "http.response.status_code",
  httpRoute: "http.route",
  messagingDestinationName: "messaging.destination.name",
  messagingMessageId: "messaging.message.id",
  messagingOperationName: "messaging.operation.name",
  messagingOperationType: "messaging.operation.type",
  messagingSystem: "messaging.system",
  networkProtocolVersion: "network.protocol.version",
  serverAddress: "server.address",
  serverPort: "server.port",
  serviceName: "service.name",
  servicePeerName: "service.peer.name",
  urlPath: "url.path",
  urlQuery: "url.query",
  urlScheme: "url.scheme",
  userId: "user.id",
} as const;

/** Spanledger's own names, where OpenTelemetry has none. */
export const WORKFLOW = {
  actionExternalId: "workflow.action.external_id",
  actionName: "workflow.action.name",
  actionResult: "workflow.action.result",
  actionTarget: "workflow.action.target",
  actorId: "workflow.actor.id",
  actorType: "workflow.actor.type",
  approvalComment: "workflow.approval.comment",
  approvalId: "workflow.approval.id",
  approvalOutcome: "workflow.approval.outcome",
  approvalRequestedAt: "workflow.approval.requested_at",
  approvalWaitMs: "workflow.approval.wait_ms",
  authMethod: "workflow.auth.method",
  authOutcome: "workflow.auth.outcome",
  authorization: "workflow.authorization",
  checkpointId: "workflow.checkpoint.id",
  checkpointKeyId: "workflow.checkpoint.key_id",
  checkpointSequence: "workflow.checkpoint.sequence",
  checkpointSha256: "workflow.checkpoint.sha256",
  checkpointVerified: "workflow.checkpoint.verified",
  decisionCondition: "workflow.decision.condition",
  decisionConfidence: "workflow.decision.confidence",
  decisionDefaultTaken: "workflow.decision.default_taken",
  decisionId: "workflow.decision.id",
  decisionInputs: "workflow.decision.inputs",
  decisionName: "workflow.decision.name",
  decisionOptions: "workflow.decision.options",
  decisionReason: "workflow.decision.reason",
  decisionSelected: "workflow.decision.selected",
  decisionSkipped: "workflow.decision.skipped",
  decisionSourceStep: "workflow.decision.source_step",
  decisionType: "workflow.decision.type",
  definition: "workflow.definition",
  definitionSha256: "workflow.definition.sha256",
  engine: "workflow.engine",
  id: "workflow.id",
  policyName: "workflow.policy.name",
  policyOutcome: "workflow.policy.outcome",
  policyReason: "workflow.policy.reason",
  policyRuleId: "workflow.policy.rule_id",
  requestId: "request.id",
  runId: "workflow.run.id",
  runResult: "workflow.run.result",
  stepAttempt: "workflow.step.attempt",
  stepFallback: "workflow.step.fallback",
  stepId: "workflow.step.id",
  stepIndex: "workflow.step.index",
  stepInput: "workflow.step.input",
  stepName: "workflow.step.name",
  stepOutput: "workflow.step.output",
  stepResult: "workflow.step.result",
  stepType: "workflow.step.type",
  tags: "workflow.tags",
  triggerId: "workflow.trigger.id",
  triggerSource: "workflow.trigger.source",
  triggerType: "workflow.trigger.type",
  version: "workflow.version",
  workspaceId: "workspace.id",
} as const;

/** Names of `@anthropic-ai/sdk`, which records spans of its own from 0.134. */
export const ANTHROPIC = {
  /** Beginning of the name of the instrumentation scope; a platform's name may follow. */
  scope: "com.anthropic.sdk.typescript",
  stopReason: "anthropic.message.stop_reason",
  toolResultContent: "anthropic.tool_result.content",
} as const;

/**
 * What the receiver adds to a span that it has put from another dialect into these names, so that it
 * can be told what the sender said and what is a translation.
 */
export const NORMALISED = {
  /** Whose names they were, such as `openinference`; several are possible. */
  dialect: "spanledger.dialect",
  /** The names of attributes that have another one now; `*` stands for an index. */
  originalAttributeNames: "spanledger.original_attribute_names",
  /** Content that has no name in the conventions, by its own name. */
  originalContent: "spanledger.original_content",
  /** The end of a span, in nanoseconds since 1970, where it lay before its start. */
  originalEndTime: "spanledger.original_end_time_unix_nano",
  /** The span's name, where it has another one now. */
  originalName: "spanledger.original_name",
} as const;

/** What an application's telemetry says about itself. */
export const TELEMETRY = {
  /** How much content is recorded (`full`, `metadata`, `none`); a resource attribute. */
  capture: "spanledger.capture",
  /** Why spans are missing: `queue_full`, `refused`. */
  gapReason: "spanledger.gap.reason",
  /** How many spans of the process are missing. */
  gapSpans: "spanledger.gap.spans",
} as const;

/** The first word of each span name of ours; the second is the name of the thing. */
export const SPAN_NAME = {
  action: "perform_action",
  approval: "resolve_approval",
  authentication: "authenticate",
  decision: "evaluate_branch",
  definition: "define_workflow",
  gap: "record_gap",
  loadCheckpoint: "load_checkpoint",
  policy: "evaluate_policy",
  run: "invoke_workflow",
  saveCheckpoint: "save_checkpoint",
  step: "run_step",
  tool: "execute_tool",
} as const;

/** Name of the span event that a step records when it starts to wait for a person. */
export const APPROVAL_REQUESTED_EVENT = "workflow.approval.requested";

/** Values of `workflow.run.result`. */
export const RUN_RESULTS = [
  "success",
  "failure",
  "partial",
  "timeout",
  "cancellation",
  "paused",
] as const;
export type RunResult = (typeof RUN_RESULTS)[number];

/** Values of `workflow.step.result`. */
export const STEP_RESULTS = ["success", "failure", "skipped", "retried", "paused"] as const;
export type StepResult = (typeof STEP_RESULTS)[number];

/** Values of `workflow.step.type`. */
export const STEP_TYPES = [
  "start",
  "end",
  "action",
  "ai",
  "decision",
  "approval",
  "checkpoint",
] as const;
export type StepType = (typeof STEP_TYPES)[number];

/** Types of the nodes in `workflow.definition`. Stored, and part of its digest: never rename. */
export const NODE_TYPES = [
  "START",
  "END",
  "ACTION",
  "AI",
  "DECISION",
  "APPROVAL",
  "CHECKPOINT",
] as const;
export type NodeType = (typeof NODE_TYPES)[number];

/** Values of `workflow.trigger.type`. */
export const TRIGGER_TYPES = ["webhook", "schedule", "manual", "api", "event"] as const;
export type TriggerType = (typeof TRIGGER_TYPES)[number];

/** Values of `workflow.actor.type`. */
export const ACTOR_TYPES = ["user", "service", "system", "agent"] as const;
export type ActorType = (typeof ACTOR_TYPES)[number];

/** Values of `workflow.approval.outcome`. */
export const APPROVAL_OUTCOMES = ["approved", "rejected", "edited", "expired"] as const;
export type ApprovalOutcome = (typeof APPROVAL_OUTCOMES)[number];

/** Values of `workflow.decision.type`. */
export const DECISION_TYPES = [
  "conditional_edge",
  "command_goto",
  "send",
  "switch",
  "rule",
  "model",
] as const;
export type DecisionType = (typeof DECISION_TYPES)[number];

/** Values of `workflow.policy.outcome`. */
export const POLICY_OUTCOMES = ["allow", "deny", "warn"] as const;
export type PolicyOutcome = (typeof POLICY_OUTCOMES)[number];

/** Values of `workflow.auth.outcome`. */
export const AUTH_OUTCOMES = ["success", "failure"] as const;
export type AuthOutcome = (typeof AUTH_OUTCOMES)[number];

/** What a span stands for in an audit; column `SpanType` of table `spans`. */
export const SPAN_TYPES = [
  "run",
  "step",
  "decision",
  "ai",
  "tool",
  "action",
  "approval",
  "policy",
  "definition",
  "authentication",
  "checkpoint",
  "http",
  "other",
] as const;
export type SpanType = (typeof SPAN_TYPES)[number];

/** Values of `gen_ai.operation.name` that mean a call to a model. */
export const AI_OPERATIONS = [
  "chat",
  "create_agent",
  "embeddings",
  "generate_content",
  "invoke_agent",
  "text_completion",
] as const;

/**
 * Attributes that carry content. Their values go to table `payloads`; the span keeps a reference.
 * Source: semantic conventions for GenAI (messages, tools) and ours (steps, decisions, bodies).
 */
export const CONTENT_ATTRIBUTES: ReadonlySet<string> = new Set([
  OTEL.genAiInputMessages,
  OTEL.genAiOutputMessages,
  OTEL.genAiSystemInstructions,
  OTEL.genAiToolCallArguments,
  OTEL.genAiToolCallResult,
  OTEL.genAiToolDefinitions,
  OTEL.httpRequestBody,
  NORMALISED.originalContent,
  WORKFLOW.decisionInputs,
  WORKFLOW.stepInput,
  WORKFLOW.stepOutput,
]);
