/**
 * One trace with fixed ids and times, as OTLP/JSON and as the JavaScript SDK's span.
 *
 * It is the trace example of opentelemetry-proto (Apache-2.0), so that whoever posts that file
 * with curl sees the same record. Pure.
 */
import { type SpanContext, SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

const TRACE_ID = "5b8efff798038103d269b633813fc60c";
const SPAN_ID = "eee19b7ec3c1b174";
const PARENT_SPAN_ID = "eee19b7ec3c1b173";
const NAME = "I'm a server span";
const START_S = 1_544_712_660;

function attributes(key: string, value: string): object[] {
  return [{ key, value: { stringValue: value } }];
}

/** The trace as an ExportTraceServiceRequest in OTLP/JSON, ids in upper case as in the example. */
export const EXAMPLE_TRACE_JSON: string = JSON.stringify({
  resourceSpans: [
    {
      resource: { attributes: attributes("service.name", "my.service") },
      scopeSpans: [
        {
          scope: {
            name: "my.library",
            version: "1.0.0",
            attributes: attributes("my.scope.attribute", "some scope attribute"),
          },
          spans: [
            {
              traceId: TRACE_ID.toUpperCase(),
              spanId: SPAN_ID.toUpperCase(),
              parentSpanId: PARENT_SPAN_ID.toUpperCase(),
              name: NAME,
              startTimeUnixNano: `${START_S}000000000`,
              endTimeUnixNano: `${START_S + 1}000000000`,
              kind: 2,
              attributes: attributes("my.span.attr", "some value"),
            },
          ],
        },
      ],
    },
  ],
});

function context(spanId: string): SpanContext {
  return { traceId: TRACE_ID, spanId, traceFlags: TraceFlags.SAMPLED };
}

// The exporters send a scope's attributes; the SDK's type does not declare them yet.
const SCOPE = {
  name: "my.library",
  version: "1.0.0",
  attributes: { "my.scope.attribute": "some scope attribute" },
};

/** The same trace as the span that an exporter gets from the SDK. */
export const EXAMPLE_SPAN: ReadableSpan = {
  name: NAME,
  kind: SpanKind.SERVER,
  spanContext: () => context(SPAN_ID),
  parentSpanContext: context(PARENT_SPAN_ID),
  startTime: [START_S, 0],
  endTime: [START_S + 1, 0],
  duration: [1, 0],
  ended: true,
  status: { code: SpanStatusCode.UNSET },
  attributes: { "my.span.attr": "some value" },
  links: [],
  events: [],
  resource: resourceFromAttributes({ "service.name": "my.service" }),
  instrumentationScope: SCOPE,
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
};
