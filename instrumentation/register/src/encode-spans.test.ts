/**
 * Goal: the bytes are those of OpenTelemetry's own serialiser. Method: real spans with every kind of
 * value, sizes on both sides of each limit of a length, and generated ones with a fixed seed.
 */
import {
  type AttributeValue,
  createTraceState,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { type ReadableSpan, type SpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { expect, test } from "vitest";
import { encodeSpans } from "./encode-spans.ts";

const spans: ReadableSpan[] = [];
const keeping: SpanProcessor = {
  onStart: () => undefined,
  onEnd: (span) => spans.push(span),
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};
const provider = new TracerProvider({
  resource: resourceFromAttributes({ "service.name": "ünit", "process.pid": 7 }),
  spanProcessors: [keeping],
});
const other = new TracerProvider({ spanProcessors: [keeping] });

/** Compare, and forget the spans. */
function expectSameBytes(): void {
  const [ours, theirs] = [encodeSpans(spans), ProtobufTraceSerializer.serializeRequest(spans)];
  spans.length = 0;
  expect(theirs?.length).toBeGreaterThan(0);
  expect(Buffer.from(ours).equals(Buffer.from(theirs ?? []))).toBe(true);
}

const VALUES: readonly unknown[] = [
  "",
  "plain",
  "ä, 漢, 🙂",
  "a lone surrogate \ud800 here, in more than a few characters",
  ...[127, 128, 16_383, 16_384, 70_000].flatMap((length) => [
    "x".repeat(length),
    "é".repeat(length),
  ]),
  true,
  false,
  ...[0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, -1, -(2 ** 40), -(2 ** 63)],
  ...[0.5, -0.1, 2 ** 63, Number.NaN, Number.POSITIVE_INFINITY],
  [],
  ["a", "b".repeat(200), "é"],
  [1, 2.5, -3],
  [true, false],
  [undefined, "after nothing"],
  { nested: { deep: ["x"], "": 1 }, none: null },
  new Uint8Array([0, 255, 7]),
  null,
];

test("every kind of value", () => {
  const tracer = provider.getTracer("values", "1.2.3", { schemaUrl: "https://example.com/schema" });
  VALUES.forEach((value, index) => {
    const span = tracer.startSpan(`value ${index}`);
    span.setAttribute(`ключ.${index}`, value as AttributeValue);
    span.setAttribute("name", value as AttributeValue);
    span.end();
  });
  expectSameBytes();
});

test("kinds, parents, states, links, events, status, drops", () => {
  const tracer = provider.getTracer("parts");
  const remote: SpanContext = {
    traceId: "0123456789abcdefABCDEF9876543210",
    spanId: "fedcba9876543210",
    traceFlags: 1,
    isRemote: true,
    traceState: createTraceState("vendor=x"),
  };
  const parent = trace.setSpanContext(ROOT_CONTEXT, remote);
  for (const kind of [SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.CONSUMER]) {
    const link = { context: remote, attributes: { why: "because" } };
    const span = tracer.startSpan(
      "näme",
      { kind, links: [link], startTime: [2 ** 32, 999] },
      parent,
    );
    span.addEvent("happened", { what: "é", often: 3 }, [1_700_000_000, 999_999_999]);
    span.setStatus({ code: SpanStatusCode.ERROR, message: "brökén".repeat(30) });
    for (let index = 0; index < 130; index += 1) span.setAttribute(`many.${index}`, index);
    span.end([2 ** 32 + 1, 1]);
  }
  other.getTracer("another").startSpan("of another resource").end();
  expectSameBytes();
});

test("generated spans", () => {
  let seed = 20_261_130;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const tracers = ["one", "two"].map((name) => provider.getTracer(name));
  for (let index = 0; index < 500; index += 1) {
    const span = tracers[random(2)]?.startSpan("s".repeat(random(40)));
    for (let count = random(30); count > 0; count -= 1) {
      const values = [
        String.fromCharCode(65 + random(200)).repeat(random(400)),
        random(1e9) - 5e8,
        random(2) === 0,
      ];
      span?.setAttribute(`attribute.${random(60)}`, values[random(3)] ?? "");
    }
    span?.end();
  }
  expectSameBytes();
});

test("nothing", () => {
  expect(encodeSpans([])).toHaveLength(0);
});
