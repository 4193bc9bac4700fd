/**
 * The definition of a workflow of agents: the agents that can be reached, and the handoffs between
 * them.
 *
 * In: the agent that a run starts with. Out: nodes and edges. Pure; an agent is read once.
 */
import type { WorkflowDefinition } from "@spanledger/api";
import { readField, textOf } from "@spanledger/api/internal";
import type { Agent } from "./internal-types.ts";

/** Most agents that are walked. */
const AGENTS_MAX = 1_000;

const BEGIN = "__start__";
const END = "__end__";

const known = new WeakMap<Agent, WorkflowDefinition>();

export function definitionOf(first: Agent): WorkflowDefinition {
  const before = known.get(first);
  if (before !== undefined) return before;
  const definition = walk(first);
  known.set(first, definition);
  return definition;
}

function walk(first: Agent): WorkflowDefinition {
  const nodes: Record<string, "START" | "END" | "AI"> = { [BEGIN]: "START", [END]: "END" };
  const edges: { from: string; to: string; condition?: string }[] = [
    { from: BEGIN, to: nameOf(first) },
  ];
  const queue = [first];
  for (const agent of queue) {
    const from = nameOf(agent);
    if (Object.hasOwn(nodes, from) || Object.keys(nodes).length > AGENTS_MAX) continue;
    nodes[from] = "AI";
    edges.push({ from, to: END });
    for (const next of handoffsOf(agent)) {
      edges.push({ from, to: nameOf(next), condition: "handoff" });
      queue.push(next);
    }
  }
  return { nodes, edges };
}

/** The agents that an agent may hand over to. */
export function handoffsOf(agent: Agent | undefined): readonly Agent[] {
  const handoffs = agent?.handoffs;
  if (!Array.isArray(handoffs)) return [];
  return handoffs.flatMap((one: unknown) => {
    const target = readField(one, "agent") ?? one;
    return typeof readField(target, "name") === "string" ? [target as Agent] : [];
  });
}

export function nameOf(agent: Agent | undefined): string {
  return textOf(readField(agent, "name")) ?? "agent";
}
