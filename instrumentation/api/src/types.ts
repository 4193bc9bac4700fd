/**
 * The public types of `@spanledger/api`: what an application says about its runs, steps, decisions,
 * actions and approvals. Types only.
 */
import type {
  ActorType,
  ApprovalOutcome,
  DecisionType,
  NodeType,
  PolicyOutcome,
  RunResult,
  StepResult,
  StepType,
  TriggerType,
} from "@spanledger/schema";

export type {
  ActorType,
  ApprovalOutcome,
  DecisionType,
  NodeType,
  PolicyOutcome,
  RunResult,
  StepResult,
  StepType,
  TriggerType,
} from "@spanledger/schema";

/** What started a run. */
export interface Trigger {
  readonly type: TriggerType;
  /** Where it came from: a webhook's name, a queue, a cron expression. */
  readonly source?: string | undefined;
  /** The id that the source gave: a delivery id, a message id. */
  readonly id?: string | undefined;
}

/** Who acts. */
export interface Actor {
  readonly id: string;
  readonly type: ActorType;
}

/** A way from one node to another. */
export interface DefinitionEdge<Node extends string = string> {
  readonly from: Node;
  readonly to: Node;
  /** When it is taken, in words or code: `score >= 0.8`, or the option's name. */
  readonly condition?: string | undefined;
  /** Whether it is taken when no condition holds. @default false */
  readonly default?: boolean | undefined;
}

/**
 * The roads of a workflow. Same nodes and edges in any order have the same digest.
 *
 * The names in `edges` are checked against `nodes` when the code is compiled.
 */
export interface WorkflowDefinition<Node extends string = string> {
  /** The type of each node, by its id: `{ begin: "START", classify: "AI" }`. */
  readonly nodes: Readonly<Record<Node, NodeType>>;
  readonly edges: readonly DefinitionEdge<NoInfer<Node>>[];
}

/** What a library cannot know about a run. */
export interface WorkflowOptions<Node extends string = string> {
  /** Stable id of the workflow: `lead_triage`. */
  readonly id: string;
  /** Name for people; also the name of the run's span. */
  readonly name: string;
  readonly version?: string | undefined;
  /** @default the environment's, else `{ type: "manual" }` */
  readonly trigger?: Trigger | undefined;
  /** @default the environment's, else `{ id: "unknown", type: "system" }` */
  readonly actor?: Actor | undefined;
  /** What allowed the run: a role, a policy, a ticket. */
  readonly authorization?: string | undefined;
  readonly workspace?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly conversationId?: string | undefined;
  /** The roads of this workflow; recorded once, and every run names its digest. Keep one object. */
  readonly definition?: WorkflowDefinition<Node> | undefined;
  /** Continue a known run. 1 to 128 characters of `A-Za-z0-9._:-`. @default a new ULID */
  readonly runId?: string | undefined;
  /** The X-Request-ID that came in, same characters. @default the baggage's, else a new ULID */
  readonly requestId?: string | undefined;
}

/** The run that {@link WorkflowOptions} began; handed to its function. */
export interface WorkflowRun {
  /** The run's id; a resumed LangGraph thread replaces it by the id of its first part. */
  readonly runId: string;
  readonly requestId: string;
  /** Say how the run ended, where neither a return nor an exception says it. */
  setResult(result: RunResult): void;
}

/** Facts of a step. */
export interface StepOptions {
  /** @default the name */
  readonly id?: string | undefined;
  /** @default found out when the step ends: `approval`, `decision` or `ai` if it held one, else `action` */
  readonly type?: StepType | undefined;
  readonly index?: number | undefined;
  /** @default 1 */
  readonly attempt?: number | undefined;
  /** Kept as JSON text. */
  readonly input?: unknown;
  /** Name of the step that this one stands in for. */
  readonly fallback?: string | undefined;
}

/** A running step. */
export interface StepHandle {
  /** Keep another output than the function's return value. */
  setOutput(output: unknown): void;
  setResult(result: StepResult): void;
}

/** Why a branch was taken; see `explainDecision`. */
export interface DecisionExplanation {
  readonly reason?: string | undefined;
  /** 0 to 1. */
  readonly confidence?: number | undefined;
  /** The rule in words or code: `score >= 0.8`. */
  readonly condition?: string | undefined;
  /** Whether the fallback was taken because nothing else applied. */
  readonly defaultTaken?: boolean | undefined;
  /** What the decision looked at; kept as JSON text. */
  readonly inputs?: unknown;
}

/** Facts of a decision made in plain code. */
export interface DecisionOptions<Option extends string = string> extends DecisionExplanation {
  /** Every way that could be taken. */
  readonly options: readonly Option[];
  /** @default the name */
  readonly id?: string | undefined;
  /** @default "rule" */
  readonly type?: DecisionType | undefined;
  /** @default the step that the decision is made in */
  readonly sourceStep?: string | undefined;
  /** The option that is taken when nothing else applies; sets `defaultTaken` by itself. */
  readonly defaultOption?: NoInfer<Option> | undefined;
}

/** Facts of a side effect. */
export interface ActionOptions {
  /** The system that is changed: `salesforce`, a host, a table. */
  readonly target?: string | undefined;
  /** The id that the other system gave, where it is known before. */
  readonly externalId?: string | undefined;
}

/** A running action. */
export interface ActionHandle {
  /** Keep the id that the other system gave: `00Q5e00000B1cXY`. */
  setExternalId(id: string): void;
  /** @default "success" or "failure" */
  setResult(result: string): void;
}

/** Facts of a tool call. */
export interface ToolOptions {
  readonly callId?: string | undefined;
  /** @default "function" */
  readonly type?: string | undefined;
  /** Kept as JSON text. */
  readonly arguments?: unknown;
}

/** How a person's decision came out. */
export interface ApprovalResolution {
  readonly outcome: ApprovalOutcome;
  /** Id of the person who decided; kept as `user.id`. */
  readonly approver?: string | undefined;
  readonly comment?: string | undefined;
  /** @default the id of the pending approval of this step (LangGraph: the interrupt's id) */
  readonly id?: string | undefined;
  /** @default the name of the step that waited */
  readonly step?: string | undefined;
  /** @default the time that the engine kept, where it did */
  readonly requestedAt?: Date | string | number | undefined;
  /** Milliseconds. @default from `requestedAt` to now */
  readonly waitMs?: number | undefined;
}

/** A question to a person, in plain code. */
export interface ApprovalRequest {
  /** @default a new ULID */
  readonly id?: string | undefined;
  readonly comment?: string | undefined;
}

/** Facts of a policy, beside its outcome. */
export interface PolicyFacts {
  /** Id of the rule that decided. */
  readonly ruleId?: string | undefined;
  readonly reason?: string | undefined;
}

/** How a policy came out, with what only the evaluation knows. */
export interface PolicyVerdict extends PolicyFacts {
  readonly outcome: PolicyOutcome;
}

/** Facts of an authentication. */
export interface AuthenticateOptions<T> {
  /** Id of who is authenticated, or how to read it from what the check returned. */
  readonly user?: string | ((value: NonNullable<Awaited<T>>) => string | undefined) | undefined;
}
