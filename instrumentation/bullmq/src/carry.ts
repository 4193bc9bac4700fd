/**
 * The context that travels in a job: trace, run, request and actor, in the option that BullMQ has
 * for it (`opts.telemetry.metadata`), written as BullMQ's own OpenTelemetry package writes it. The
 * job's data stays as it is.
 *
 * In: job options, or the text that a job carried. Out: new options, or a context. Pure but for the
 * active context and the registered propagator.
 */
import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type TextMapSetter,
} from "@opentelemetry/api";
import type { Actor } from "@spanledger/api";
import {
  activeActor,
  activeRun,
  environmentFacts,
  isId,
  readField,
  withActor,
} from "@spanledger/api/internal";
import { ACTOR_TYPES, WORKFLOW } from "@spanledger/schema";
import type { BulkEntry, FlowNode, JobOptions } from "./internal-types.ts";

/** Longest text that is read, in characters: W3C allows 8,192 of baggage, and trace state beside. */
const METADATA_CHARS_MAX = 16_384;

/** Deepest flow whose nodes get a context; bounds the recursion, far above any real flow. */
const FLOW_DEPTH_MAX = 100;

/** Key beside the propagator's own: the run that the root of a flow is. */
const RUN_KEY = "spanledger.run";

/** What a job carried here. */
export interface Carried {
  readonly context: Context;
  /** Id of the run that goes on in this job. */
  readonly runId: string | undefined;
  /** Id of the run that this job is, where its producer chose it. */
  readonly ownRunId: string | undefined;
}

type Carrier = Record<string, string>;

const SETTER: TextMapSetter<Carrier> = {
  set: (carrier, key, value) => {
    carrier[key] = value;
  },
};

/** The active context as text; undefined where there is nothing to carry. */
export function metadataOf(
  from: Context = context.active(),
  ownRunId?: string,
): string | undefined {
  const carrier: Carrier = {};
  propagation.inject(withActorBaggage(from), carrier, SETTER);
  if (ownRunId !== undefined) carrier[RUN_KEY] = ownRunId;
  return Object.keys(carrier).length === 0 ? undefined : JSON.stringify(carrier);
}

/** Read what a job carried; anything unreadable counts as nothing. */
export function readCarried(metadata: unknown): Carried {
  const nothing = { context: ROOT_CONTEXT, runId: undefined, ownRunId: undefined };
  if (typeof metadata !== "string" || metadata.length > METADATA_CHARS_MAX) return nothing;
  const carrier = parse(metadata);
  if (carrier === undefined) return nothing;
  let carried = propagation.extract(ROOT_CONTEXT, carrier);
  const actor = baggageActor(carried);
  if (actor !== undefined) carried = withActor(carried, () => actor);
  const runId = baggageValue(carried, WORKFLOW.runId);
  const ownRunId = carrier[RUN_KEY];
  return {
    context: carried,
    runId: isId(runId) ? runId : undefined,
    ownRunId: isId(ownRunId) ? ownRunId : undefined,
  };
}

/** Options that carry a context; the application's own ones, where they say otherwise. */
export function carryingOptions<Options extends JobOptions>(
  options: Options | undefined,
  metadata: string | undefined,
): Options | JobOptions | undefined {
  if (metadata === undefined) return options;
  if (options === undefined || options === null) return { telemetry: { metadata } };
  if (!isPlain(options)) return options;
  const own = options.telemetry;
  if (own?.metadata !== undefined || own?.omitContext === true) return options;
  return { ...options, telemetry: { ...own, metadata } };
}

/** Entries of `addBulk` that carry a context. */
export function carryingEntries(entries: unknown, metadata: string | undefined): unknown {
  if (!Array.isArray(entries) || metadata === undefined) return entries;
  return entries.map((entry: BulkEntry) => ({
    ...entry,
    opts: carryingOptions(entry.opts, metadata),
  }));
}

/** A flow whose root carries one text and all other nodes another. */
export function carryingFlow(
  node: FlowNode,
  root: string | undefined,
  others: string | undefined,
  depth: number = FLOW_DEPTH_MAX,
): FlowNode {
  if (depth === 0) return node;
  const { children } = node;
  const opts = carryingOptions(node.opts, root);
  return {
    ...node,
    ...(opts === undefined ? {} : { opts }),
    ...(Array.isArray(children)
      ? {
          children: (children as readonly FlowNode[]).map((child) =>
            carryingFlow(child, others, others, depth - 1),
          ),
        }
      : {}),
  };
}

/**
 * What the nodes of a flow carry. A flow is one run: where none is active, its root is the run, and
 * what the root waits for are steps of it.
 *
 * @param ownRunId the run's id, where the flow is a run
 */
export function flowMetadata(
  flow: FlowNode,
  ownRunId: string,
): { readonly root: string | undefined; readonly others: string | undefined } {
  const from = context.active();
  const hasRun = activeRun(from) !== undefined || isId(baggageValue(from, WORKFLOW.runId));
  if (hasRun) {
    const metadata = metadataOf(from);
    return { root: metadata, others: metadata };
  }
  const workflowId =
    environmentFacts().id ?? qualifiedName(String(flow.queueName), String(flow.name));
  const baggage = (propagation.getBaggage(from) ?? propagation.createBaggage())
    .setEntry(WORKFLOW.runId, { value: ownRunId })
    .setEntry(WORKFLOW.id, { value: workflowId });
  return {
    root: metadataOf(from, ownRunId),
    others: metadataOf(propagation.setBaggage(from, baggage)),
  };
}

/** The name of what a job does: unique across queues. */
export function qualifiedName(queueName: string, name: string): string {
  return name === queueName ? name : `${queueName}.${name}`;
}

export function baggageValue(from: Context, name: string): string | undefined {
  return propagation.getBaggage(from)?.getEntry(name)?.value;
}

/** Who acts, where a request knows it and no run has put it into the baggage yet. */
function withActorBaggage(from: Context): Context {
  const actor = activeActor(from);
  if (actor === undefined || baggageValue(from, WORKFLOW.actorId) !== undefined) return from;
  const baggage = propagation.getBaggage(from) ?? propagation.createBaggage();
  return propagation.setBaggage(
    from,
    baggage
      .setEntry(WORKFLOW.actorId, { value: actor.id })
      .setEntry(WORKFLOW.actorType, { value: actor.type }),
  );
}

function baggageActor(from: Context): Actor | undefined {
  const id = baggageValue(from, WORKFLOW.actorId);
  const type = ACTOR_TYPES.find((one) => one === baggageValue(from, WORKFLOW.actorType));
  return id === undefined || type === undefined ? undefined : { id, type };
}

function parse(metadata: string): Carrier | undefined {
  let value: unknown;
  try {
    value = JSON.parse(metadata);
  } catch {
    // Another tracer's format.
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const carrier: Carrier = {};
  for (const key of Object.keys(value)) {
    const entry = readField(value, key);
    if (typeof entry === "string") carrier[key] = entry;
  }
  return carrier;
}

/** Only plain objects are copied: what a class of the application does with its own is unknown. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
