/**
 * The decision in a `Command({ goto })` that a node returned.
 *
 * In: the node's return value. Out: a function that records the decision's span, to be called once
 * the step has ended, so that the branch comes after its step; or undefined.
 */
import { type Context, SpanKind, type Tracer } from "@opentelemetry/api";
import type { DecisionExplanation } from "@spanledger/api";
import { readField, recordSelection } from "@spanledger/api/internal";
import { SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { type Command, isCommand } from "./checkpoint.ts";
import { END, type PregelGraph, START, type StepSource } from "./internal-types.ts";
import type { LoopState } from "./loop.ts";

/** `Command.PARENT`: the destination is a node of the graph around this one. */
const PARENT_GRAPH = "__parent__";

export interface GotoParams {
  readonly tracer: Tracer;
  readonly state: LoopState;
  readonly name: string;
  readonly node: StepSource;
  readonly value: unknown;
  readonly explanation: DecisionExplanation | undefined;
}

export function recordGoto(params: GotoParams): ((parent: Context) => void) | undefined {
  const commands = commandsIn(params.value);
  const selected = destinationsOf(commands);
  if (selected.length === 0) return undefined;
  return (parent) => {
    const { tracer, state, name, node, explanation } = params;
    const leaves = commands.some(({ graph }) => graph === PARENT_GRAPH);
    const graph = leaves ? (state.outer?.graph ?? state.graph) : state.graph;
    const options = declaredEnds(node) ?? everyNode(graph);
    const span = tracer.startSpan(
      `${SPAN_NAME.decision} ${name}`,
      {
        kind: SpanKind.INTERNAL,
        attributes: {
          [WORKFLOW.decisionId]: `${name}.goto`,
          [WORKFLOW.decisionName]: name,
          [WORKFLOW.decisionType]: "command_goto",
          [WORKFLOW.decisionSourceStep]: name,
        },
      },
      parent,
    );
    recordSelection(span, withSelected(options, selected), selected, explanation);
    span.end();
  };
}

/** Name of the node that a destination means: a name, or a `Send` packet. */
export function destinationName(destination: unknown): string {
  if (typeof destination === "string") return destination;
  return String(readField(destination, "node") ?? "");
}

/** Options always hold what was selected, also where the graph declared something else. */
export function withSelected(
  options: readonly string[],
  selected: readonly string[],
): readonly string[] {
  return [...new Set([...options, ...selected])];
}

/** Without declared ends LangGraph itself takes every node for a possible destination. */
export function everyNode(graph: PregelGraph): readonly string[] {
  return [...Object.keys(graph.nodes ?? {}).filter((name) => !name.startsWith("__")), END];
}

function declaredEnds(node: StepSource): readonly string[] | undefined {
  if (node.ends === undefined) return undefined;
  return Array.isArray(node.ends) ? node.ends : Object.keys(node.ends);
}

function commandsIn(value: unknown): readonly Command[] {
  return (Array.isArray(value) ? value : [value]).filter(isCommand);
}

function destinationsOf(commands: readonly Command[]): readonly string[] {
  return commands
    .flatMap(({ goto }) => (Array.isArray(goto) ? goto : [goto]))
    .map(destinationName)
    .filter((name) => name !== "" && name !== START);
}
