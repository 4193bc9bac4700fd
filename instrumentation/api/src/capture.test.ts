/** Goal: a level of capture holds for every package. Method: spans with content of each dialect. */
import { CONTENT_ATTRIBUTES, OTEL, WORKFLOW } from "@spanledger/schema";
import { expect, test } from "vitest";
import { captureLevel, withhold } from "./capture.ts";

const FOREIGN = [
  "input.value",
  "output.value",
  "gen_ai.prompt",
  "gen_ai.prompt.0.content",
  "gen_ai.completion.0.content",
  "llm.input_messages.0.message.content",
  "llm.output_messages.0.message.content",
  "llm.invocation_parameters",
  "ai.prompt",
  "ai.prompt.messages",
  "ai.response.text",
  "ai.toolCall.args",
  "ai.toolCall.result",
  "traceloop.entity.input",
  "traceloop.entity.output",
  "embedding.embeddings.0.embedding.text",
  "retrieval.documents.0.document.content",
  "anthropic.tool_result.content",
];

const FACTS = {
  [OTEL.genAiRequestModel]: "gpt-x",
  [OTEL.genAiUsageInputTokens]: 9,
  [OTEL.genAiToolName]: "get_order",
  [WORKFLOW.stepName]: "lookup",
  [WORKFLOW.decisionSelected]: ["high"],
  [WORKFLOW.definition]: "{}",
  [OTEL.httpRequestBodySize]: 12,
  "llm.model_name": "gpt-x",
  "ai.model.id": "gpt-x",
  "ai.response.finishReason": "stop",
  "traceloop.entity.name": "lookup",
};

const TEXTS = {
  [OTEL.exceptionMessage]: "no such order",
  "exception.stacktrace": "Error: no such order",
  [WORKFLOW.decisionReason]: "the customer is angry",
  [WORKFLOW.approvalComment]: "fine",
  [WORKFLOW.policyReason]: "too much",
};

function span() {
  const names = [...CONTENT_ATTRIBUTES, ...FOREIGN];
  const content = Object.fromEntries(names.map((name) => [name, "Dear Ada"]));
  return {
    attributes: { ...content, ...FACTS, ...TEXTS } as Record<string, unknown>,
    events: [
      { name: "gen_ai.user.message", attributes: { content: "Dear Ada", role: "user" } },
      { name: "exception", attributes: { ...TEXTS } as Record<string, unknown> },
    ],
    status: { code: 2, message: "no such order" },
  };
}

test("full keeps everything", () => {
  const kept = span();
  withhold(kept, "full");
  expect(kept).toEqual(span());
});

test("metadata keeps facts and what people and errors say, and no content", () => {
  const kept = span();
  withhold(kept, "metadata");
  expect(kept).toEqual({
    attributes: { ...FACTS, ...TEXTS },
    events: [
      { name: "gen_ai.user.message", attributes: { role: "user" } },
      { name: "exception", attributes: TEXTS },
    ],
    status: { code: 2, message: "no such order" },
  });
});

test("none keeps facts alone", () => {
  const kept = span();
  withhold(kept, "none");
  expect(kept).toEqual({
    attributes: FACTS,
    events: [
      { name: "gen_ai.user.message", attributes: { role: "user" } },
      { name: "exception", attributes: {} },
    ],
    status: { code: 2 },
  });
});

test("a span that is not as expected stays as it is", () => {
  const frozen = Object.freeze({ attributes: undefined, events: 7, status: null });
  withhold(frozen, "none");
  expect(frozen).toEqual({ attributes: undefined, events: 7, status: null });
});

test.each([
  [undefined, "full"],
  [" ", "full"],
  ["FULL", "full"],
  ["metadata", "metadata"],
  ["none", "none"],
  ["off", "metadata"],
])("SPANLEDGER_CAPTURE=%s means %s", (value, level) => {
  expect(captureLevel({ SPANLEDGER_CAPTURE: value })).toBe(level);
});
