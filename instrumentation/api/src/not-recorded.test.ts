/**
 * Goal: content of a span that nobody records is not even read, and the calls give what they give.
 * Method: the real SDK with a sampler that takes nothing; values that count who reads them.
 */
import { trace } from "@opentelemetry/api";
import { AlwaysOffSampler, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { tool } from "./action.ts";
import { decide } from "./decide.ts";
import { ModelCall, type ModelOperation } from "./model-call/index.ts";
import { step } from "./step.ts";

let read = 0;
const content = {
  toJSON(): string {
    read += 1;
    return "content";
  },
};

beforeAll(() => {
  trace.setGlobalTracerProvider(new TracerProvider({ sampler: new AlwaysOffSampler() }));
});
afterAll(() => trace.disable());
beforeEach(() => {
  read = 0;
});

test("steps, tools and decisions return what they return, and read no content", () => {
  const returned = step("look", { input: content }, ({ setOutput }) => {
    setOutput(content);
    return tool("lookup", { arguments: content }, () => content);
  });
  const options = ["refund", "reject"] as const;
  const selected = decide("refundable", { options, inputs: content }, () => "refund");
  expect([returned, selected, read]).toEqual([content, "refund", 0]);
});

test("a decision that throws reads no content", () => {
  const decides = (): unknown =>
    decide("refundable", { options: ["refund"], inputs: content }, () => {
      throw new RangeError("no such order");
    });
  expect(decides).toThrow("no such order");
  expect(read).toBe(0);
});

test("a call to a model leaves the SDK's promise alone, and describes nothing", () => {
  const touched = (): never => {
    read += 1;
    throw new Error("touched");
  };
  const operation: ModelOperation = {
    name: "chat",
    request: touched,
    response: touched,
    collector: touched,
  };
  const tracer = trace.getTracer("test");
  const body = { model: "m", messages: content };
  const params = { tracer, client: {}, provider: "p", body, operation, captureContent: true };
  const promise = { parse: touched, asResponse: touched, _thenUnwrap: touched };
  expect(new ModelCall(params).observe(promise)).toBe(promise);
  expect(read).toBe(0);
});
