/**
 * What the SDK's own tracing tells of one run, as spans: agents are steps, handoffs decisions,
 * functions tools, guardrails policies.
 *
 * In: spans of the SDK that begin and end. Out: the context that belongs to each. Side effects: one
 * span for each, but for calls to a model that an SDK inside has recorded already.
 */
import {
  type Context,
  context,
  createContextKey,
  type Span,
  SpanKind,
  trace,
} from "@opentelemetry/api";
import {
  FrameworkCall,
  frameworkCallAround,
  hearsModelSpans,
  jsonText,
  readField,
  recordError,
  recordSelection,
  setOptional,
  textOf,
  withFrameworkCall,
} from "@spanledger/api/internal";
import { OTEL, SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { AgentStep } from "./agent-step.ts";
import { handoffsOf, nameOf } from "./definition.ts";
import type { Agent, ApprovalItem, Recorder, SdkSpan } from "./internal-types.ts";
import { CHAT, failureOf, modelAttributes, modelContent } from "./model.ts";

const SCOPE = createContextKey("spanledger.openai-agents.scope");

export function withScope(parent: Context, scope: RunScope): Context {
  return parent.setValue(SCOPE, scope);
}

/** The run of agents that the calling code belongs to. */
export function activeScope(): RunScope | undefined {
  return context.active().getValue(SCOPE) as RunScope | undefined;
}

/** A span of the SDK that has begun. */
interface Entry {
  readonly active: Context;
  ended(span: SdkSpan): void;
}

interface RunStart {
  readonly input: unknown;
  onFirstStep(active: Context): void;
}

export class RunScope {
  readonly #recorder: Recorder;
  readonly #base: Context;
  readonly #first: Agent;
  readonly #entries = new Map<unknown, Entry>();
  #start: RunStart | undefined;
  /** The step that runs, or that has run last. */
  #step: AgentStep | undefined;
  #steps = 0;

  constructor(recorder: Recorder, base: Context, first: Agent, start: RunStart) {
    this.#recorder = recorder;
    this.#base = withScope(base, this);
    this.#first = first;
    this.#start = start;
  }

  /** The context of the SDK's current span. */
  now(): Context {
    const id = this.#recorder.currentSpan()?.spanId;
    return this.#entries.get(id)?.active ?? this.#base;
  }

  started(span: SdkSpan): void {
    const parent = this.#entries.get(span.parentId)?.active ?? this.now();
    this.#entries.set(span.spanId, this.#begin(span, parent));
  }

  ended(span: SdkSpan): void {
    const entry = this.#entries.get(span.spanId);
    this.#entries.delete(span.spanId);
    entry?.ended(span);
  }

  /** What the run gave in the end. */
  gave(output: unknown): void {
    this.#step?.gave(output);
  }

  waitsFor(items: readonly ApprovalItem[]): void {
    this.#step?.waitsFor(items);
  }

  end(thrown?: unknown): void {
    this.#step?.end(thrown);
    this.#entries.clear();
  }

  #begin(span: SdkSpan, parent: Context): Entry {
    switch (span.spanData?.type) {
      case "agent":
        return this.#agent(span);
      case "function":
        return this.#tool(span, parent);
      case "guardrail":
        return this.#policy(span, parent);
      case "handoff":
        return this.#handoff(parent);
      case "generation":
      case "response":
        return this.#model(parent);
      default:
        // Tasks and turns order the others; they say nothing by themselves.
        return { active: parent, ended: () => undefined };
    }
  }

  #agent({ spanData = {} }: SdkSpan): Entry {
    this.#step?.end();
    this.#steps += 1;
    const name = textOf(spanData.name) ?? "agent";
    const step = new AgentStep(this.#recorder, name, this.#steps, this.#base);
    this.#step = step;
    const start = this.#start;
    this.#start = undefined;
    if (start?.input !== undefined) step.took(start.input);
    start?.onFirstStep(step.active);
    return { active: step.active, ended: ({ error }) => step.agentEnded(error) };
  }

  #tool({ spanData = {} }: SdkSpan, parent: Context): Entry {
    const name = textOf(spanData.name) ?? "tool";
    const span = this.#recorder.tracer.startSpan(
      `${SPAN_NAME.tool} ${name}`,
      {
        kind: SpanKind.INTERNAL,
        attributes: {
          [OTEL.genAiOperationName]: SPAN_NAME.tool,
          [OTEL.genAiToolName]: name,
          [OTEL.genAiToolType]: "function",
        },
      },
      parent,
    );
    return {
      active: trace.setSpan(parent, span),
      ended: ({ spanData: data = {}, error }) => {
        if (this.#recorder.captureContent && span.isRecording()) {
          setOptional(span, OTEL.genAiToolCallArguments, shown(data.input));
          setOptional(span, OTEL.genAiToolCallResult, shown(data.output));
        }
        this.#close(span, error);
      },
    };
  }

  #policy({ spanData = {} }: SdkSpan, parent: Context): Entry {
    const name = textOf(spanData.name) ?? "guardrail";
    const span = this.#recorder.tracer.startSpan(
      `${SPAN_NAME.policy} ${name}`,
      { kind: SpanKind.INTERNAL, attributes: { [WORKFLOW.policyName]: name } },
      parent,
    );
    return {
      active: trace.setSpan(parent, span),
      ended: ({ spanData: data = {}, error }) => {
        // A guardrail that threw has decided nothing.
        if (!error) {
          const outcome = data.triggered === true ? "deny" : "allow";
          span.setAttribute(WORKFLOW.policyOutcome, outcome);
        }
        this.#close(span, error);
      },
    };
  }

  /** A branch is a sibling after its step, and the model has taken it. */
  #handoff(parent: Context): Entry {
    const step = this.#step;
    const startTime = Date.now();
    return {
      active: parent,
      ended: ({ spanData = {}, error }) => {
        const from = textOf(spanData.from_agent) ?? step?.name ?? "agent";
        const to = textOf(spanData.to_agent);
        const options = this.#optionsOf(from);
        const selected = to === undefined ? [] : [to];
        const all = [...options, ...selected.filter((one) => !options.includes(one))];
        const span = this.#recorder.tracer.startSpan(
          `${SPAN_NAME.decision} ${from}`,
          {
            kind: SpanKind.INTERNAL,
            startTime,
            attributes: {
              [WORKFLOW.decisionId]: from,
              [WORKFLOW.decisionName]: from,
              [WORKFLOW.decisionType]: "model",
              [WORKFLOW.decisionSourceStep]: from,
            },
          },
          this.#base,
        );
        recordSelection(span, all, selected, step?.scope.explanation);
        this.#close(span, error);
      },
    };
  }

  /** The agents that an agent of this run may hand over to. */
  #optionsOf(name: string): readonly string[] {
    const queue = [this.#first];
    const seen = new Set<Agent>();
    for (const agent of queue) {
      if (seen.has(agent)) continue;
      seen.add(agent);
      const next = handoffsOf(agent);
      if (nameOf(agent) === name) return next.map(nameOf);
      queue.push(...next);
    }
    return [];
  }

  /** Recorded when it has ended, and only if no SDK inside has done so. */
  #model(parent: Context): Entry {
    const call = new FrameworkCall();
    const startTime = Date.now();
    return {
      active: withFrameworkCall(parent, call),
      ended: ({ spanData = {}, error }) => {
        frameworkCallAround(parent)?.mark();
        if (call.recorded || !hearsModelSpans()) return;
        const attributes = modelAttributes(spanData);
        // A `response` span does not say which model was asked for, only which one answered.
        const { [OTEL.genAiRequestModel]: asked, [OTEL.genAiResponseModel]: answered } = attributes;
        const model = textOf(asked) ?? textOf(answered) ?? "unknown";
        const span = this.#recorder.tracer.startSpan(
          `${CHAT} ${model}`,
          { kind: SpanKind.CLIENT, startTime, attributes },
          parent,
        );
        if (this.#recorder.captureContent && span.isRecording()) {
          span.setAttributes(modelContent(spanData));
        }
        this.#close(span, error);
      },
    };
  }

  #close(span: Span, error: unknown): void {
    const failure = failureOf(error);
    if (failure !== undefined) recordError(span, failure);
    span.end();
  }
}

/** Arguments and results are texts in the SDK's spans, most of them JSON already. */
function shown(value: unknown): string | undefined {
  if (value === undefined || value === "") return undefined;
  return typeof value === "string" ? isJsonText(value) : jsonText(readField({ value }, "value"));
}

function isJsonText(text: string): string | undefined {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return jsonText(text);
  }
}
