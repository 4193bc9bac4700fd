/**
 * Goal: spans have the attributes that the SDK alone would give them. Method: the same calls on a
 * provider with the processor and on one without, both of the real SDK.
 */
import type { AttributeValue, Span, SpanOptions } from "@opentelemetry/api";
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type SpanLimits,
  type SpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { describe, expect, test } from "vitest";
import { CheapAttributes } from "./cheap-attributes.ts";

/** The class of the SDK's spans, and its own method, which stays replaced once a span was served. */
const SdkSpan = Object.getPrototypeOf(
  new TracerProvider().getTracer("test").startSpan("one"),
) as Span;
const ofSdk = SdkSpan.setAttribute;

/** What a processor sees when a span begins, and what is exported. */
function outcome(isCheap: boolean, limits: SpanLimits, work: (begin: Begin) => void) {
  const exporter = new InMemorySpanExporter();
  const begun: object[] = [];
  const looking: SpanProcessor = {
    onStart: (span) => begun.push({ ...span.attributes }),
    onEnd: () => undefined,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
  const cheap = new CheapAttributes();
  const provider = new TracerProvider({
    spanLimits: limits,
    spanProcessors: [...(isCheap ? [cheap] : []), looking, new SimpleSpanProcessor({ exporter })],
  });
  if (isCheap) cheap.serve(provider);
  work((name, options) => provider.getTracer("test").startSpan(name, options));
  const ended = exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    attributes: span.attributes,
    dropped: span.droppedAttributesCount,
  }));
  return { begun, ended };
}

type Begin = (name: string, options?: SpanOptions) => Span;

function expectSame(work: (begin: Begin) => void, limits: SpanLimits = {}): void {
  const ours = outcome(true, limits, work);
  const replaced = SdkSpan.setAttribute;
  expect(replaced).not.toBe(ofSdk);
  SdkSpan.setAttribute = ofSdk;
  const theirs = outcome(false, limits, work);
  SdkSpan.setAttribute = replaced;
  expect(ours).toEqual(theirs);
  expect(JSON.stringify(ours)).toBe(JSON.stringify(theirs));
}

const cyclic: Record<string, unknown> = { a: 1 };
cyclic.self = cyclic;

const VALUES: readonly unknown[] = [
  ..."text|ä".split("|"),
  1,
  Number.NaN,
  true,
  ["a", "b"],
  ["a", 1, null],
  [],
  { nested: { x: 1 } },
  new Uint8Array([1]),
  null,
  undefined,
  1n,
  Symbol("s"),
  () => 1,
  new Date(0),
  cyclic,
  "x".repeat(300),
  ["x".repeat(300)],
];

describe("attributes are those of the SDK", () => {
  const work = (begin: Begin): void => {
    VALUES.forEach((value, index) => {
      const given = { first: "1", given: value as AttributeValue, "": "unnamed" };
      const span = begin(`span ${index}`, { attributes: given });
      span.setAttribute("set", value as AttributeValue);
      span.setAttribute("", "unnamed");
      span.setAttributes({ many: value as AttributeValue, first: "again" });
      span.end();
      span.setAttribute("late", "1");
    });
  };

  test("for every kind of value", () => expectSame(work));
  test("with a limit of length", () => expectSame(work, { attributeValueLengthLimit: 5 }));
  test("with a limit of count", () => expectSame(work, { attributeCountLimit: 2 }));
});

test("a list that the application changes later stays as it was", () => {
  expectSame((begin) => {
    const list = ["a"];
    begin("first").end();
    const span = begin("second", { attributes: { list } });
    span.setAttribute("set", list);
    list.push("b");
    span.end();
  });
});

test("a span that is not recorded leaves nothing for the next one", () => {
  const cheap = new CheapAttributes();
  const provider = new TracerProvider({ sampler: new AlwaysOffSampler(), spanProcessors: [cheap] });
  cheap.serve(provider);
  const tracer = provider.getTracer("test");
  tracer.startSpan("one", { attributes: { a: 1 } });
  expect(tracer.startSpan("two").isRecording()).toBe(false);
});

test("a provider that does not know the processor keeps its attributes", () => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  new CheapAttributes().serve(provider);
  const tracer = provider.getTracer("test");
  for (const name of ["one", "two"]) tracer.startSpan(name, { attributes: { name } }).end();
  expect(exporter.getFinishedSpans().map(({ attributes }) => attributes.name)).toEqual([
    "one",
    "two",
  ]);
});
