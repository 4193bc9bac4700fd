/**
 * Make a compiled graph's nodes and branches record what they do.
 *
 * In: a graph that is about to run. Side effects: each node's sequence begins with a recording
 * step; each branch records its evaluations. Done once per graph, when it runs for the first time,
 * so that graphs which were compiled before the instrumentation was loaded are covered as well.
 * Runnables of the application (chains, subgraphs) are never changed.
 */
import type { Tracer } from "@opentelemetry/api";
import { observe, safely } from "@spanledger/api/internal";
import { Attempt } from "./attempt.ts";
import { instrumentBranch } from "./branch.ts";
import {
  type Branch,
  type PregelGraph,
  type PregelNode,
  type Runnable,
  type RunnableConfig,
  type RunnableSequence,
  START,
  type StepSource,
} from "./internal-types.ts";
import { activeLoop } from "./loop.ts";

/** What the nodes ask when they run. */
export interface Recorder {
  tracer(): Tracer;
  enabled(): boolean;
  captureContent(): boolean;
}

const nodesDone = new WeakSet<PregelNode>();
const branchesDone = new WeakSet<Branch>();

export function instrumentGraph(graph: PregelGraph, recorder: Recorder): void {
  for (const [name, node] of Object.entries(graph.nodes ?? {})) {
    if (name === START || nodesDone.has(node)) continue;
    nodesDone.add(node);
    safely(() => instrumentNode(name, node, recorder));
  }
  for (const [source, branches] of Object.entries(graph.builder?.branches ?? {})) {
    for (const [name, branch] of Object.entries(branches)) {
      if (branchesDone.has(branch)) continue;
      branchesDone.add(branch);
      safely(() => instrumentBranch({ graph, source, name, branch, ...recorder }));
    }
  }
}

function instrumentNode(name: string, node: PregelNode, recorder: Recorder): void {
  const getNode = node.getNode;
  const { bound } = node;
  if (typeof getNode !== "function" || bound === undefined) return;
  const recording = recordingStep(name, node, bound, recorder);
  node.getNode = function getRecordingNode(this: PregelNode) {
    const built = Reflect.apply(getNode, this, []);
    if (built === bound) return recording;
    // LangGraph builds a new sequence at each call, so nothing of the application is changed.
    if (isSequence(built) && built.first === bound) built.first = recording;
    return built;
  };
}

function isSequence(built: Runnable | undefined): built is RunnableSequence {
  return built !== undefined && "first" in built;
}

/** Stands in for the node's own runnable as the first step of its sequence. */
export function recordingStep(
  name: string,
  node: StepSource,
  bound: Runnable,
  recorder: Recorder,
): Runnable {
  const invoke = (input: unknown, config?: RunnableConfig): unknown => {
    const run = (): unknown => bound.invoke(input, config);
    const state = recorder.enabled() ? activeLoop() : undefined;
    if (state === undefined) return run();
    const captureContent = recorder.captureContent();
    const attempt = safely(
      () =>
        new Attempt({
          tracer: recorder.tracer(),
          captureContent,
          state,
          name,
          node,
          input,
          config,
        }),
    );
    return attempt === undefined ? run() : observe(attempt.active, run, attempt);
  };
  return Object.create(bound, { invoke: { value: invoke } }) as Runnable;
}
