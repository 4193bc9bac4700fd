/**
 * Goal: the oldest supported versions of the AI SDK are recorded like the newest ones of their
 * major, and what an application keeps to itself stays with it. Method: the real packages, 6.0.111
 * and 7.0.0, with the models of their own test kits.
 */
import { step, workflow } from "@spanledger/api";
import { AiSdkInstrumentation } from "@spanledger/instrumentation-ai-sdk";
import { OTEL } from "@spanledger/schema";
import * as ai6 from "ai-6.0.111";
import { MockLanguageModelV3 } from "ai-6.0.111/test";
import * as ai7 from "ai-7.0";
import { MockLanguageModelV4 } from "ai-7.0/test";
import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { answering, CALLS_TOOL, readAll, SAYS_HELLO, streaming } from "./ai-models.ts";
import { record, tree } from "./spans.ts";

const recording = record();
new AiSdkInstrumentation();

beforeEach(() => recording.reset());

const NAMES = { provider: "openai.chat", modelId: "gpt-x" };
const VERSIONS = [
  {
    version: "6.0.111",
    ai: ai6 as unknown as typeof ai7,
    Model: MockLanguageModelV3 as unknown as typeof MockLanguageModelV4,
    stopWhen: ai6.stepCountIs(3) as never,
  },
  { version: "7.0.0", ai: ai7, Model: MockLanguageModelV4, stopWhen: ai7.isStepCount(3) },
];

describe.each(VERSIONS)("ai $version", ({ ai, Model, stopWhen }) => {
  const lookup = ai.tool({
    inputSchema: z.object({ id: z.number() }),
    execute: async ({ id }) => `order ${id}`,
  });
  const asked = (): Parameters<typeof ai.generateText>[0] => ({
    model: new Model({ ...NAMES, doGenerate: answering(CALLS_TOOL, SAYS_HELLO) }),
    prompt: "Where is order 7?",
    tools: { lookup },
    stopWhen,
  });

  test("records calls to the model and its tools below the step", async () => {
    const result = await workflow({ id: "w", name: "w" }, () =>
      step("answer", () => ai.generateText(asked())),
    );
    expect(result.text).toBe("Hello");
    expect(tree(recording.spans()).filter((line) => !line.includes("POST"))).toEqual([
      "invoke_workflow w",
      "  run_step answer",
      "    chat gpt-x",
      "    execute_tool lookup",
      "    chat gpt-x",
    ]);
    const [first] = recording.named("chat gpt-x");
    expect(first?.attributes).toMatchObject({
      [OTEL.genAiProviderName]: "openai",
      [OTEL.genAiUsageInputTokens]: 12,
      [OTEL.genAiUsageOutputTokens]: 3,
      [OTEL.genAiResponseFinishReasons]: ["tool_call"],
      [OTEL.genAiInputMessages]: expect.stringContaining("order 7"),
    });
  });

  test("records a stream that is read", async () => {
    const model = new Model({ ...NAMES, doStream: streaming() });
    expect(await readAll(ai.streamText({ model, prompt: "Hi" }).textStream)).toEqual(["Hel", "lo"]);
    const [span] = recording.named("chat gpt-x");
    expect(span?.attributes[OTEL.genAiOutputMessages]).toContain("Hello");
  });
});

test("a call of 7.0.0 keeps inputs and outputs to itself where it says so", async () => {
  const lookup = ai7.tool({
    inputSchema: z.object({ id: z.number() }),
    execute: async ({ id }) => `order ${id}`,
  });
  await ai7.generateText({
    model: new MockLanguageModelV4({ ...NAMES, doGenerate: answering(CALLS_TOOL) }),
    prompt: "secret",
    tools: { lookup },
    telemetry: { recordInputs: false, recordOutputs: false },
  });
  const text = JSON.stringify(recording.spans().map((span) => span.attributes));
  expect(recording.named("execute_tool lookup")).toHaveLength(1);
  expect(text).not.toMatch(/secret|order 7|"id\\":7/);
});
