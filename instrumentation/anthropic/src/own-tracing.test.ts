/**
 * Goal: the SDK's own tracing is configured by what it documents, and nobody's choice is
 * overridden. Method: the environment of this process, and a client of the real SDK made in it.
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import { AnthropicInstrumentation } from "./instrumentation.ts";

const MODE = "ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE";
const BYTES = "ANTHROPIC_OPEN_TELEMETRY_TRACES_MAX_CONTENT_BYTES";
const PROPAGATION = "ANTHROPIC_OPEN_TELEMETRY_PROPAGATION";

const settings = (): (string | undefined)[] =>
  [MODE, BYTES, PROPAGATION].map((name) => process.env[name]);

const clean = (): void => {
  for (const name of [MODE, BYTES, PROPAGATION]) Reflect.deleteProperty(process.env, name);
};
beforeEach(clean);
afterEach(clean);

test("content is kept, bounded, and the provider gets no context", () => {
  const instrumentation = new AnthropicInstrumentation();
  expect(settings()).toEqual(["content", "262144", "false"]);
  instrumentation.disable();
  expect(settings()).toEqual([undefined, undefined, undefined]);
});

test("what the application chose stays", () => {
  process.env[MODE] = "metadata_only";
  process.env[PROPAGATION] = "true";
  const instrumentation = new AnthropicInstrumentation();
  expect(settings()).toEqual(["metadata_only", "262144", "true"]);
  instrumentation.disable();
  expect(settings()).toEqual(["metadata_only", undefined, "true"]);
});

test("without content, and with propagation, the SDK's own defaults stay", () => {
  const instrumentation = new AnthropicInstrumentation({ captureContent: false, propagate: true });
  expect(settings()).toEqual([undefined, "262144", undefined]);
  instrumentation.disable();
});

test("a disabled instrumentation sets nothing until it is enabled, and once", () => {
  const instrumentation = new AnthropicInstrumentation({ enabled: false });
  expect(settings()).toEqual([undefined, undefined, undefined]);
  instrumentation.enable();
  instrumentation.enable();
  expect(settings()).toEqual(["content", "262144", "false"]);
  instrumentation.disable();
  expect(settings()).toEqual([undefined, undefined, undefined]);
});
