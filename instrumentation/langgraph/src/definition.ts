/**
 * The definition of a graph: its nodes with their types, and the roads between them.
 *
 * In: a compiled graph. Out: the same object for the same graph, so that it is read once. Nodes of
 * subgraphs are there as `SUBGRAPH:NODE`. Pure, but for the cache; the graph stays as it is.
 *
 * Source: LangGraph's own export, `getGraph()`.
 */
import type { DefinitionEdge, NodeType, WorkflowDefinition } from "@spanledger/api";
import { readField } from "@spanledger/api/internal";
import { NODE_TYPES, WORKFLOW } from "@spanledger/schema";
import { DEFAULT_KEY } from "./branch.ts";
import { type DrawnGraph, END, type PregelGraph, START } from "./internal-types.ts";

/** Deepest subgraph that is written out; a graph that holds itself must not go on for ever. */
const SUBGRAPH_DEPTH_MAX = 8;

/** Most runnables looked at to find out whether a node is a model; bounds the search in chains. */
const RUNNABLES_MAX = 64;

const definitions = new WeakMap<PregelGraph, WorkflowDefinition>();

export function definitionOf(graph: PregelGraph): WorkflowDefinition {
  const known = definitions.get(graph);
  if (known !== undefined) return known;
  const nodes: Record<string, NodeType> = {};
  const edges: DefinitionEdge[] = [];
  collect(graph, "", nodes, edges, 0);
  const definition = { nodes, edges };
  definitions.set(graph, definition);
  return definition;
}

function collect(
  graph: PregelGraph,
  prefix: string,
  nodes: Record<string, NodeType>,
  edges: DefinitionEdge[],
  depth: number,
): void {
  const drawn = graph.builder === undefined ? drawEntrypoint(graph) : draw(graph);
  for (const name of Object.keys(drawn.nodes)) {
    nodes[prefix + unescaped(name)] = nodeTypeOf(graph, unescaped(name));
  }
  for (const { source, target, data, conditional } of drawn.edges) {
    const [from, to] = [unescaped(source), unescaped(target)];
    const condition = conditional === true ? (data ?? to) : undefined;
    const byDefault = condition !== undefined && DEFAULT_KEY.test(condition);
    edges.push({ from: prefix + from, to: prefix + to, condition, default: byDefault });
  }
  if (depth >= SUBGRAPH_DEPTH_MAX) return;
  for (const [name, inner] of graph.getSubgraphs?.() ?? []) {
    collect(inner, `${prefix}${name}:`, nodes, edges, depth + 1);
  }
}

/**
 * LangGraph writes `__interrupt` into the metadata of nodes that have a breakpoint while it draws
 * them. They are the application's objects, so it draws a graph that seems to have none.
 */
function draw(graph: PregelGraph): DrawnGraph {
  const none = { value: undefined };
  const unbroken: PregelGraph = Object.create(graph, {
    interruptBefore: none,
    interruptAfter: none,
  });
  return unbroken.getGraph?.() ?? { nodes: {}, edges: [] };
}

/** A graph without a builder (the functional API) runs its nodes; the roads are in their code. */
function drawEntrypoint(graph: PregelGraph): DrawnGraph {
  const names = Object.keys(graph.nodes ?? {}).filter((name) => name !== START && name !== END);
  const [only] = names;
  if (only === undefined || names.length > 1) {
    return { nodes: Object.fromEntries(names.map((name) => [name, {}])), edges: [] };
  }
  return {
    nodes: { [START]: {}, [only]: {}, [END]: {} },
    edges: [
      { source: START, target: only },
      { source: only, target: END },
    ],
  };
}

/** LangGraph quotes names that are words of the drawing language. */
function unescaped(name: string): string {
  return /^".*"$/.test(name) ? name.slice(1, -1) : name;
}

function nodeTypeOf(graph: PregelGraph, name: string): NodeType {
  if (name === START) return "START";
  if (name === END) return "END";
  const node = graph.nodes?.[name];
  const said = String(readField(node?.metadata, WORKFLOW.stepType) ?? "").toUpperCase();
  const type = NODE_TYPES.find((one) => one === said);
  if (type !== undefined) return type;
  const breakpoints = [graph.interruptBefore, graph.interruptAfter];
  if (breakpoints.some((one) => one === "*" || one?.includes(name) === true)) return "APPROVAL";
  if (holdsModel(node?.bound)) return "AI";
  return node?.ends === undefined ? "ACTION" : "DECISION";
}

/** Whether a runnable is a model, or a chain with a model in it. Functions cannot be looked into. */
function holdsModel(bound: unknown): boolean {
  const queue: unknown[] = [bound];
  for (let looked = 0; looked < queue.length && looked < RUNNABLES_MAX; looked += 1) {
    const one = queue[looked];
    if (typeof one !== "object" || one === null) continue;
    if (typeof readField(one, "_llmType") === "function") return true;
    const middle = readField(one, "middle");
    queue.push(readField(one, "bound"), readField(one, "first"), readField(one, "last"));
    if (Array.isArray(middle)) queue.push(...(middle as unknown[]));
  }
  return false;
}
