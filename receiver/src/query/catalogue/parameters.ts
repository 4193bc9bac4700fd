/**
 * The parameters and SQL conditions that several queries share.
 */
import { RUN_RESULTS } from "@spanledger/schema";
import type { QueryParameter } from "../types.ts";

/** Bound for `until` when the caller gives none: a time in the year 2255, within DateTime64(9). */
const UNTIL_DEFAULT_MS = 9_000_000_000_000;

export const RUN: QueryParameter = {
  name: "run",
  type: "run",
  required: true,
  default: null,
  description: "the run's id, or its first characters (at least six) when no other begins so",
};

export const RUN_OPTIONAL: QueryParameter = {
  ...RUN,
  required: false,
  default: "",
  description: "only this run: its id, or its first characters (at least six)",
};

export const WORKFLOW: QueryParameter = {
  name: "workflow",
  type: "text",
  required: false,
  default: "",
  description: "only this workflow, by id or name",
};

export const WORKFLOW_ID: QueryParameter = {
  ...WORKFLOW,
  description: "only this workflow, by id",
};

export const STEP: QueryParameter = {
  name: "step",
  type: "text",
  required: false,
  default: "",
  description: "only this step, by name",
};

export const STATUS: QueryParameter = {
  name: "status",
  type: "choice",
  required: false,
  default: "",
  description: "only runs with this result",
  choices: RUN_RESULTS,
};

export const ACTOR: QueryParameter = {
  name: "actor",
  type: "text",
  required: false,
  default: "",
  description: "only what this person or service started; an e-mail address finds its token",
};

export const SINCE: QueryParameter = {
  name: "since",
  type: "time",
  required: false,
  default: 0,
  description: "only from this time on: 90s, 15m, 1h, 7d ago, or an ISO time",
};

export const UNTIL: QueryParameter = {
  name: "until",
  type: "time",
  required: false,
  default: UNTIL_DEFAULT_MS,
  description: "only before this time: 90s, 15m, 1h, 7d ago, or an ISO time",
};

/** Conditions; an empty parameter is a constant that the optimiser removes. */
export const WHERE = {
  workspace: "WorkspaceId = {workspace:String}",
  run: "RunId = {run:String}",
  runOptional: "({run:String} = '' OR RunId = {run:String})",
  workflowId: "({workflow:String} = '' OR WorkflowId = {workflow:String})",
  step: "({step:String} = '' OR StepName = {step:String})",
  time: `Timestamp >= fromUnixTimestamp64Milli({since:Int64})
    AND Timestamp < fromUnixTimestamp64Milli({until:Int64})`,
} as const;

/** One run in the order of its events; across runs the newest first. */
export const ORDER =
  "if({run:String} = '', -1, 1) * toUnixTimestamp64Nano(Timestamp), TraceId, SpanId";
