/**
 * The definition of a workflow: its nodes with their types, and the roads between them.
 *
 * In: the graph that Mastra writes into its snapshots. Out: the same object for the same graph, so
 * that it is read once. Steps of nested workflows are there as `STEP:INNER`. Pure, but for the cache.
 */
import type { DefinitionEdge, NodeType, WorkflowDefinition } from "@spanledger/api";
import { jsonList, textOf } from "@spanledger/api/internal";
import { type Entry, type ExecuteParams, stepIdsOf } from "./internal-types.ts";

const START = "__start__";
const END = "__end__";

/** Deepest nested workflow that is written out; one that holds itself must not go on for ever. */
const NESTED_DEPTH_MAX = 8;

/** What a `foreach` says of the way back to its step. */
const NEXT_ITEM = "next item";

const definitions = new WeakMap<object, WorkflowDefinition>();

export function definitionOf({ serializedStepGraph = [] }: ExecuteParams): WorkflowDefinition {
  const known = definitions.get(serializedStepGraph);
  if (known !== undefined) return known;
  const drawing = new Drawing();
  drawing.draw(serializedStepGraph, "", 0);
  const definition = { nodes: drawing.nodes, edges: drawing.edges };
  definitions.set(serializedStepGraph, definition);
  return definition;
}

/** A node that the next entry follows, and on which condition. */
interface Open {
  readonly from: string;
  readonly default?: boolean;
}

class Drawing {
  readonly nodes: Record<string, NodeType> = {};
  readonly edges: DefinitionEdge[] = [];

  draw(entries: readonly Entry[], prefix: string, depth: number): void {
    this.nodes[prefix + START] = "START";
    this.nodes[prefix + END] = "END";
    let open: readonly Open[] = [{ from: prefix + START }];
    for (const entry of entries) open = this.#entry(entry, open, prefix, depth);
    this.#join(open, prefix + END);
  }

  #entry(entry: Entry, open: readonly Open[], prefix: string, depth: number): readonly Open[] {
    const inner = jsonList(Array.isArray(entry.steps) ? entry.steps : [entry.step]);
    const arms = inner.length === 0 || isSingle(entry) ? [entry] : inner;
    const ids = arms.flatMap((arm) => this.#node(arm, prefix, depth));
    const last = ids.map((from) => ({ from }));
    if (entry.type === "conditional") {
      const texts = jsonList(entry.serializedConditions).map(({ fn }) => textOf(fn) ?? "");
      for (const [index, id] of ids.entries()) this.#join(open, id, texts[index]);
      // Where no condition holds, Mastra goes on with what follows.
      return [...last, ...open.map(({ from }) => ({ from, default: true }))];
    }
    for (const id of ids) this.#join(open, id);
    const back = backOf(entry);
    if (back !== undefined) for (const id of ids) this.#join([{ from: id }], id, back);
    return last;
  }

  #node(entry: Entry, prefix: string, depth: number): readonly string[] {
    const [name] = stepIdsOf(entry);
    if (name === undefined) return [];
    const id = prefix + name;
    this.nodes[id] = nodeTypeOf(entry);
    const step = jsonList([entry.step])[0] ?? entry;
    const nested = jsonList(step.serializedStepFlow);
    if (nested.length > 0 && depth < NESTED_DEPTH_MAX) this.draw(nested, `${id}:`, depth + 1);
    return [id];
  }

  #join(open: readonly Open[], to: string, condition?: string): void {
    for (const { from, default: byDefault } of open) {
      this.edges.push({ from, to, condition, ...(byDefault === true ? { default: true } : {}) });
    }
  }
}

/** An entry that is one step; `step` is its definition, not what it repeats. */
function isSingle({ type }: Entry): boolean {
  return type === "step" || type === "agent" || type === "tool" || type === "mapping";
}

/** On which condition a step runs again. */
function backOf(entry: Entry): string | undefined {
  if (entry.type === "foreach") return NEXT_ITEM;
  if (entry.type !== "loop") return undefined;
  const [{ fn } = {}] = jsonList([entry.serializedCondition]);
  const text = textOf(fn) ?? "";
  return entry.loopType === "dountil" ? `not (${text})` : text;
}

function nodeTypeOf(entry: Entry): NodeType {
  if (entry.type === "agent" || entry.type === "classifier") return "AI";
  const [step = entry] = jsonList([entry.step]);
  return step.canSuspend === true ? "APPROVAL" : "ACTION";
}
