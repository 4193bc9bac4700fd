/**
 * The definition of a workflow: which roads there are, recorded once per version.
 *
 * In: nodes and edges, said by the application or exported by an engine. Out: the SHA-256 that every
 * run names. Side effect: one span `define_workflow NAME` per workflow, version and digest in this
 * process, in a trace of its own: a definition belongs to no run.
 */
import { createHash } from "node:crypto";
import { ROOT_CONTEXT, SpanKind, type Tracer } from "@opentelemetry/api";
import { SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { canonicalJson } from "./canonical-json.ts";
import { safely } from "./safely.ts";
import { setOptional } from "./set-optional.ts";
import type { DefinitionEdge, WorkflowDefinition } from "./types.ts";

/**
 * Longest canonical text of a definition that is recorded, in characters: half of what the receiver
 * keeps of one attribute (1 MiB). Of a longer one the digest alone is recorded.
 */
const DEFINITION_CHARS_MAX = 524_288;

/** Definitions that a process remembers to have recorded; then it forgets all and records anew. */
const REMEMBERED_MAX = 1_000;

/** Which workflow a definition belongs to. */
export interface DefinedWorkflow {
  /** `workflow.id` */
  readonly id: string;
  /** Name for people. */
  readonly name: string;
  readonly version?: string | undefined;
  readonly workspace?: string | undefined;
}

/** A definition in canonical form. */
interface CanonicalDefinition {
  readonly text: string;
  /** SHA-256 of the text, hex. */
  readonly sha256: string;
}

const canonicalForms = new WeakMap<WorkflowDefinition, CanonicalDefinition>();
const recorded = new Set<string>();

/**
 * Record a definition, unless this process has done so, and say its digest.
 *
 * Cheap when called for every run with the same object: its canonical form is kept with it, so a
 * definition must not be changed after it was handed over.
 *
 * @returns SHA-256 of the canonical JSON, 64 hex digits, for `workflow.definition.sha256` of the run;
 *   undefined when the definition cannot be read
 */
export function recordDefinition(
  tracer: Tracer,
  workflow: DefinedWorkflow,
  definition: WorkflowDefinition,
): string | undefined {
  return safely(() => {
    const { text, sha256 } = canonicalOf(definition);
    const key = JSON.stringify([workflow.workspace, workflow.id, workflow.version, sha256]);
    if (!recorded.has(key) && recordOnce(tracer, workflow, text, sha256)) {
      if (recorded.size >= REMEMBERED_MAX) recorded.clear();
      recorded.add(key);
    }
    return sha256;
  });
}

/** The canonical JSON of a definition: nodes and edges in one order only, nothing twice. */
export function canonicalDefinition(definition: WorkflowDefinition): string {
  const nodes = Object.entries(definition.nodes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, type]) => ({ id, type }));
  const edges = new Set(definition.edges.map((edge) => canonicalJson(canonicalEdge(edge))));
  return `{"edges":[${[...edges].toSorted().join(",")}],"nodes":${canonicalJson(nodes)}}`;
}

function canonicalEdge({ from, to, condition, default: isDefault }: DefinitionEdge) {
  return {
    from,
    to,
    ...(condition === undefined ? {} : { condition }),
    ...(isDefault === true ? { default: true } : {}),
  };
}

function canonicalOf(definition: WorkflowDefinition): CanonicalDefinition {
  const known = canonicalForms.get(definition);
  if (known !== undefined) return known;
  const text = canonicalDefinition(definition);
  const form = { text, sha256: createHash("sha256").update(text).digest("hex") };
  canonicalForms.set(definition, form);
  return form;
}

/** @returns whether an SDK took the span; without one there is nothing to remember */
function recordOnce(
  tracer: Tracer,
  workflow: DefinedWorkflow,
  text: string,
  sha256: string,
): boolean {
  const span = tracer.startSpan(
    `${SPAN_NAME.definition} ${workflow.name}`,
    {
      kind: SpanKind.INTERNAL,
      attributes: { [WORKFLOW.id]: workflow.id, [WORKFLOW.definitionSha256]: sha256 },
    },
    ROOT_CONTEXT,
  );
  setOptional(span, WORKFLOW.version, workflow.version);
  setOptional(span, WORKFLOW.workspaceId, workflow.workspace);
  if (text.length <= DEFINITION_CHARS_MAX) span.setAttribute(WORKFLOW.definition, text);
  const taken = span.isRecording();
  span.end();
  return taken;
}
