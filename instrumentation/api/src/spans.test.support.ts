/** An SDK that keeps its spans in memory, for the tests of this package. */
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { RunSpanProcessor } from "./run-baggage.ts";

export interface Recording {
  spans(): readonly ReadableSpan[];
  /** The only span of that name. */
  one(name: string): ReadableSpan;
  reset(): void;
}

export function record(): Recording {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new RunSpanProcessor(), new SimpleSpanProcessor({ exporter })];
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return {
    spans: () => exporter.getFinishedSpans(),
    one: (name) => {
      const [span, ...more] = exporter.getFinishedSpans().filter((one) => one.name === name);
      if (span === undefined || more.length > 0) throw new Error(`not one span ${name}`);
      return span;
    },
    reset: () => exporter.reset(),
  };
}

/** Take the SDK away again. */
export function unregister(): void {
  trace.disable();
  context.disable();
  propagation.disable();
}
