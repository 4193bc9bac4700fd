/** Goal: the application's tools are never changed. Method: bodies of every odd shape. */
import { type Tracer, trace } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import { recordingTools } from "./tools.ts";

const tracer: Tracer = trace.getTracer("test");
const wrapped = (body: unknown): unknown => recordingTools(body, { tracer, captureContent: true });

describe("what stays as it is", () => {
  class Definition {
    #secret = 42;
    readonly name = "lookup";
    function = (): number => this.#secret;
  }

  test.each([
    [
      "a definition of a class of the application",
      { type: "function", function: new Definition() },
    ],
    ["a tool of another type", { type: "web_search" }],
    ["a definition without a function", { type: "function", function: { name: "a" } }],
    ["null", null],
    ["text", "tool"],
  ])("%s", (_, tool) => {
    const body = wrapped({ tools: [tool] }) as { tools: unknown[] };
    expect(body.tools[0]).toBe(tool);
  });

  test.each([[undefined], [null], ["body"], [{}], [{ tools: "none" }]])("the body %j", (body) => {
    expect(wrapped(body)).toBe(body);
  });
});

test("a copy keeps hidden properties hidden, and the original its function", () => {
  const callback = (): string => "called";
  const tool = { type: "function", function: { name: "lookup" } };
  Object.defineProperty(tool, "$callback", { value: callback, enumerable: false });
  const body = wrapped({ tools: [tool] }) as { tools: { $callback: () => string }[] };
  const [copy] = body.tools;
  expect(Object.keys(copy ?? {})).toEqual(["type", "function"]);
  expect(copy?.$callback()).toBe("called");
  expect(copy?.$callback).not.toBe(callback);
  expect(Reflect.get(tool, "$callback")).toBe(callback);
});

test("a recording function has the name and the length of the original", () => {
  const definition = { function: function find(_a: unknown, _b: unknown) {} };
  const tools = [{ type: "function", function: definition }];
  const body = wrapped({ tools }) as { tools: (typeof tools)[0][] };
  const recording = body.tools[0]?.function.function;
  expect([recording?.name, recording?.length]).toEqual(["find", 2]);
});
