/**
 * Goal: version 6 of the AI SDK is recorded like version 7, as far as it tells what happens.
 * Method: the real package, version 6, with the models of its own test kit.
 */
import { step, workflow } from "@spanledger/api";
import { AiSdkInstrumentation } from "@spanledger/instrumentation-ai-sdk";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { generateText, stepCountIs, streamText, tool } from "ai-6";
import { MockLanguageModelV3 } from "ai-6/test";
import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Answer, answering, CALLS_TOOL, readAll, SAYS_HELLO, streaming } from "./ai-models.ts";
import { record, tree } from "./spans.ts";

const recording = record();
new AiSdkInstrumentation();

beforeEach(() => recording.reset());

const NAMES = { provider: "openai.chat", modelId: "gpt-x" };
const RUN = { id: "w", name: "w" };

const model = (...answers: readonly Answer[]): MockLanguageModelV3 =>
  new MockLanguageModelV3({ ...NAMES, doGenerate: answering(...answers) });

const inputSchema = z.object({ id: z.number() });
const lookup = tool({ inputSchema, execute: async ({ id }) => `order ${id}` });
const ASKED = { prompt: "Where is order 7?", tools: { lookup }, stopWhen: stepCountIs(3) };

describe("version 6", () => {
  test("yields calls to models and tools, with usage and messages", async () => {
    const result = await workflow(RUN, () =>
      step("answer", () => generateText({ ...ASKED, model: model(CALLS_TOOL, SAYS_HELLO) })),
    );
    expect(result.text).toBe("Hello");
    expect(tree(recording.spans()).filter((line) => !line.includes("POST"))).toEqual([
      "invoke_workflow w",
      "  run_step answer",
      "    chat gpt-x",
      "    execute_tool lookup",
      "    chat gpt-x",
    ]);
    const [call] = recording.named("chat gpt-x");
    expect(call?.attributes).toMatchObject({
      [OTEL.genAiProviderName]: "openai",
      [OTEL.genAiUsageInputTokens]: 12,
      [OTEL.genAiResponseFinishReasons]: ["tool_call"],
      [WORKFLOW.stepName]: "answer",
    });
    expect(call?.attributes[OTEL.genAiOutputMessages]).toContain('"arguments":{"id":7}');
    const [executed] = recording.named("execute_tool lookup");
    expect(executed?.attributes[OTEL.genAiToolCallResult]).toBe('"order 7"');
  });

  test("keeps calls that run at the same time apart", async () => {
    const ask = (name: string) =>
      workflow({ id: name, name }, () =>
        generateText({ ...ASKED, model: model(CALLS_TOOL, SAYS_HELLO) }),
      );
    await Promise.all([ask("a"), ask("b")]);
    const ids = recording.named("chat gpt-x").map((span) => span.attributes[WORKFLOW.id]);
    expect(ids.toSorted()).toEqual(["a", "a", "b", "b"]);
  });

  test("yields streams", async () => {
    const streamed = new MockLanguageModelV3({ ...NAMES, doStream: streaming() });
    const result = streamText({ model: streamed, prompt: "Hi" });
    expect(await readAll(result.textStream)).toEqual(["Hel", "lo"]);
    expect(recording.named("chat gpt-x")).toHaveLength(1);
  });

  test("leaves the spans to the SDK where its own telemetry is on", async () => {
    const experimental_telemetry = { isEnabled: true };
    await generateText({ ...ASKED, model: model(CALLS_TOOL, SAYS_HELLO), experimental_telemetry });
    const names = recording.spans().map((span) => span.name);
    expect(names).toContain("ai.generateText.doGenerate");
    expect(names.filter((name) => /^(chat|execute_tool)/.test(name))).toEqual([]);
  });
});
