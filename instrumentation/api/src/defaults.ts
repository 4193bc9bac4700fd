/**
 * Facts of a run that come from the environment, for applications that cannot be changed.
 *
 * In: environment variables. Out: the facts that are set. Reads the environment at each run.
 */
import { ACTOR_TYPES, type ActorType, TRIGGER_TYPES, type TriggerType } from "@spanledger/schema";
import type { Actor, Trigger } from "./types.ts";

/** The environment variables and what each of them says. */
const ENVIRONMENT = {
  workflowId: "SPANLEDGER_WORKFLOW_ID",
  workflowName: "SPANLEDGER_WORKFLOW_NAME",
  workflowVersion: "SPANLEDGER_WORKFLOW_VERSION",
  triggerType: "SPANLEDGER_TRIGGER_TYPE",
  triggerSource: "SPANLEDGER_TRIGGER_SOURCE",
  triggerId: "SPANLEDGER_TRIGGER_ID",
  actorId: "SPANLEDGER_ACTOR_ID",
  actorType: "SPANLEDGER_ACTOR_TYPE",
  authorization: "SPANLEDGER_AUTHORIZATION",
  workspace: "SPANLEDGER_WORKSPACE",
} as const;

/** What the environment says about runs. */
export interface EnvironmentFacts {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly trigger: Trigger;
  readonly actor: Actor;
  readonly authorization: string | undefined;
  readonly workspace: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Read the facts; an unknown trigger or actor type counts as not set. */
export function environmentFacts(environment: Environment = process.env): EnvironmentFacts {
  const read = (name: string): string | undefined => environment[name]?.trim() || undefined;
  return {
    id: read(ENVIRONMENT.workflowId),
    name: read(ENVIRONMENT.workflowName),
    version: read(ENVIRONMENT.workflowVersion),
    trigger: {
      type: oneOf<TriggerType>(TRIGGER_TYPES, read(ENVIRONMENT.triggerType), "manual"),
      source: read(ENVIRONMENT.triggerSource),
      id: read(ENVIRONMENT.triggerId),
    },
    actor: {
      id: read(ENVIRONMENT.actorId) ?? "unknown",
      type: oneOf<ActorType>(ACTOR_TYPES, read(ENVIRONMENT.actorType), "system"),
    },
    authorization: read(ENVIRONMENT.authorization),
    workspace: read(ENVIRONMENT.workspace),
  };
}

function oneOf<T extends string>(known: readonly T[], value: string | undefined, otherwise: T): T {
  return known.find((one) => one === value) ?? otherwise;
}
