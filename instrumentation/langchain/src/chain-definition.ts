/** The definition of a chain: one node for each runnable, one after the other. Pure, but for a cache. */
import type { NodeType, WorkflowDefinition } from "@spanledger/api";
import { readField } from "@spanledger/api/internal";
import { nameOf, type Runnable, type RunnableSequence } from "./internal-types.ts";

const START = "__start__";
const END = "__end__";

const definitions = new WeakMap<RunnableSequence, WorkflowDefinition>();

export function definitionOf(sequence: RunnableSequence): WorkflowDefinition {
  const known = definitions.get(sequence);
  if (known !== undefined) return known;
  const steps = [sequence.first, ...sequence.middle, sequence.last];
  const names = namesOf(steps);
  const nodes: Record<string, NodeType> = { [START]: "START", [END]: "END" };
  for (const [index, name] of names.entries()) nodes[name] = typeOf(steps[index]);
  const road = [START, ...names, END];
  const edges = road.slice(1).map((to, index) => ({ from: road[index] ?? START, to }));
  const definition = { nodes, edges };
  definitions.set(sequence, definition);
  return definition;
}

/** The names of a sequence's runnables; the second one of a name is `NAME_2`. */
export function namesOf(steps: readonly Runnable[]): readonly string[] {
  const counts = new Map<string, number>();
  return steps.map((step) => {
    const name = nameOf(step);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count === 1 ? name : `${name}_${count}`;
  });
}

/** A model, also with something bound to it, is AI; a branch is a decision. */
function typeOf(step: unknown): NodeType {
  const inner = readField(step, "bound") ?? step;
  if (typeof readField(inner, "_llmType") === "function") return "AI";
  return Array.isArray(readField(inner, "branches")) ? "DECISION" : "ACTION";
}
