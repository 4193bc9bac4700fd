/**
 * Spans kept in memory, and the tree that they make.
 *
 * In: what instrumentations record in this process. Out: spans, or the tree as lines of text.
 */

import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from "@opentelemetry/core";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { RunSpanProcessor } from "@spanledger/api";
import { SPAN_NAME } from "@spanledger/schema";

/** Everything recorded in this process since {@link Recording.reset}. */
export interface Recording {
  spans(): readonly ReadableSpan[];
  named(name: string): readonly ReadableSpan[];
  reset(): void;
}

/** Register an SDK that keeps its spans, after `more` processors; once per test file. */
export function record(...more: readonly SpanProcessor[]): Recording {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    spanProcessors: [new RunSpanProcessor(), ...more, new SimpleSpanProcessor({ exporter })],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
  propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
  return {
    spans: () => exporter.getFinishedSpans(),
    named: (name) => exporter.getFinishedSpans().filter((span) => span.name === name),
    reset: () => exporter.reset(),
  };
}

/**
 * The spans' names, each indented below its parent, in the order in which they began.
 *
 * Definitions are left out: they belong to no run, and only the first run of a process records one.
 */
export function tree(recorded: readonly ReadableSpan[]): readonly string[] {
  const spans = recorded.filter((span) => !span.name.startsWith(SPAN_NAME.definition));
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  const roots = spans.filter((span) => !ids.has(span.parentSpanContext?.spanId ?? ""));
  const lines: string[] = [];
  const add = (span: ReadableSpan, depth: number): void => {
    lines.push(`${"  ".repeat(depth)}${span.name}`);
    const children = spans.filter(
      (one) => one.parentSpanContext?.spanId === span.spanContext().spanId,
    );
    for (const child of ordered(children)) add(child, depth + 1);
  };
  for (const root of ordered(roots)) add(root, 0);
  return lines;
}

function ordered(spans: readonly ReadableSpan[]): readonly ReadableSpan[] {
  return spans.toSorted(
    (a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1],
  );
}
