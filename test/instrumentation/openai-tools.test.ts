/**
 * Goal: the tools that `runTools` runs are recorded with the model's calls, and the application's
 * functions get what they get without us. Method: the real packages, a local server that asks for
 * tools, the same loop patched and not patched.
 */
import { SpanStatusCode } from "@opentelemetry/api";
import { decide } from "@spanledger/api";
import { OTEL } from "@spanledger/schema";
import type OpenAI from "openai";
import { zodFunction } from "openai/helpers/zod";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { OPENAI_VERSIONS_TESTED, patchAll } from "./openai-versions.ts";
import { record, tree } from "./spans.ts";

const recording = record();
patchAll();
let server: OpenAIServer;

beforeAll(async () => {
  server = await startOpenAIServer();
});
afterAll(() => server.close());
beforeEach(() => recording.reset());

const HELLO = [{ role: "user" as const, content: "Hello" }];
const PARAMETERS = { type: "object", properties: { id: { type: "number" } } } as const;

/** A tool that keeps how it was called. */
function lookupTool() {
  const calls: unknown[] = [];
  const definition = {
    name: "lookup",
    description: "Find",
    parameters: PARAMETERS,
    parse: JSON.parse as (text: string) => { id: number },
    found: "42",
    function(this: unknown, args: { id: number }, ...rest: unknown[]): string {
      calls.push({ self: this, args, more: rest.length });
      return `${(this as { found: string }).found} for ${args.id}`;
    },
  };
  return { tool: { type: "function" as const, function: definition }, definition, calls };
}

describe.each(OPENAI_VERSIONS_TESTED)("runTools of openai $version", (library) => {
  const make = (Class: typeof OpenAI): OpenAI =>
    new Class({ apiKey: "unused", baseURL: server.baseUrl });

  test("is two AI calls with the tool between them", async () => {
    const { tool } = lookupTool();
    const body = { model: "gpt-x", messages: HELLO, tools: [tool] };
    const runner = make(library.OpenAI).chat.completions.runTools(body);
    expect(await runner.finalContent()).toBe('{"label":"high"}');
    expect(tree(recording.spans())).toEqual(["chat gpt-x", "execute_tool lookup", "chat gpt-x"]);
    expect(recording.named("execute_tool lookup")[0]?.attributes).toMatchObject({
      [OTEL.genAiOperationName]: "execute_tool",
      [OTEL.genAiToolName]: "lookup",
      [OTEL.genAiToolCallId]: "call_1",
      [OTEL.genAiToolCallArguments]: '{"id":7}',
      [OTEL.genAiToolCallResult]: '"42 for 7"',
    });
  });

  test("keeps the ids of two calls of one tool apart", async () => {
    const { tool } = lookupTool();
    const body = { model: "gpt-two-calls", messages: HELLO, tools: [tool] };
    await make(library.OpenAI).chat.completions.runTools(body).done();
    const spans = recording
      .named("execute_tool lookup")
      .map(({ attributes }) => [
        attributes[OTEL.genAiToolCallId],
        attributes[OTEL.genAiToolCallArguments],
      ]);
    expect(spans).toEqual([
      ["call_1", '{"id":7}'],
      ["call_2", '{"id":8}'],
    ]);
  });

  test("records a function without a parser, and one that zodFunction made", async () => {
    const text = (args: string): string => args;
    const plain = { type: "function", function: { name: "lookup", function: text } } as const;
    const made = zodFunction({
      name: "lookup",
      parameters: z.object({ id: z.number() }),
      function: ({ id }: { id: number }) => `found ${id}`,
    });
    const { completions } = make(library.OpenAI).chat;
    const run = async (tool: unknown): Promise<void> => {
      const tools = [tool] as never[];
      await completions.runTools({ model: "gpt-x", messages: HELLO, tools }).done();
    };
    await run({
      ...plain,
      function: { ...plain.function, parameters: PARAMETERS, description: "" },
    });
    await run(made);
    expect(
      recording
        .named("execute_tool lookup")
        .map(({ attributes }) => attributes[OTEL.genAiToolCallResult]),
    ).toEqual([JSON.stringify('{"id":7}'), '"found 7"']);
  });

  test("nests under the tool what the tool does", async () => {
    const { tool, definition } = lookupTool();
    definition.function = () => decide("road", { options: ["a", "b"] }, "a");
    const body = { model: "gpt-x", messages: HELLO, tools: [tool] };
    await make(library.OpenAI).chat.completions.runTools(body).done();
    expect(tree(recording.spans())).toEqual([
      "chat gpt-x",
      "execute_tool lookup",
      "  evaluate_branch road",
      "chat gpt-x",
    ]);
  });

  test("ends with the tool's own error as it does without us, and records it", async () => {
    const failure = new RangeError("no such order");
    const run = async (Class: typeof OpenAI): Promise<unknown> => {
      const { tool, definition } = lookupTool();
      definition.function = () => {
        throw failure;
      };
      const body = { model: "gpt-x", messages: HELLO, tools: [tool] };
      return make(Class).chat.completions.runTools(body).done().catch(describeError);
    };
    expect(await run(library.OpenAI)).toEqual(await run(library.Plain));
    const [span] = recording.named("execute_tool lookup");
    expect(span?.status.code).toBe(SpanStatusCode.ERROR);
    expect(span?.attributes[OTEL.errorType]).toBe("RangeError");
  });

  test("calls functions with the arguments and the this that they have without us", async () => {
    const run = async (Class: typeof OpenAI) => {
      const { tool, definition, calls } = lookupTool();
      const frozen = Object.freeze({
        type: "function" as const,
        function: Object.freeze(tool.function),
      });
      const body = Object.freeze({ model: "gpt-x", messages: HELLO, tools: [frozen] });
      await make(Class).chat.completions.runTools(body).done();
      const [call] = calls as { self: unknown; args: unknown; more: number }[];
      expect(tool.function.function).toBe(definition.function);
      return { isSelf: call?.self === definition, args: call?.args, more: call?.more };
    };
    expect(await run(library.OpenAI)).toEqual(await run(library.Plain));
  });
});

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return { name: error.constructor.name, message: error.message, cause: error.cause };
}
