/**
 * Goal: spans of every dialect get our names; nothing of them is overwritten or invented; and spans
 * of ours stay the very objects that they were.
 * Method: spans as those packages send them, those that no test can run from their documentation
 * and source; results held whole. Real packages: `test/instrumentation/foreign.test.ts`.
 */
import { expect, test } from "vitest";
import type { AttributeValue, DecodedSpan } from "../base/records.ts";
import { normaliseSpan } from "./span.ts";
import { CHILD, event, normalised, span, TRACE_ID } from "./spans.test.helper.ts";

test("a span in our names is the same object, also below a scope of anybody", () => {
  const own = span(
    { "gen_ai.operation.name": "chat", "gen_ai.prompt.name": "greeting", "airline.name": "x" },
    { events: [event("exception", { "exception.type": "E" })] },
  );
  expect(normaliseSpan(own)).toBe(own);
});

test("older names of the conventions are those of today, and what they were is kept", () => {
  const { attributes, name } = normaliseSpan(
    span({
      "gen_ai.system": "az.ai.openai",
      "gen_ai.operation.name": "chat",
      "gen_ai.usage.prompt_tokens": 7n,
      "gen_ai.usage.completion_tokens": 2n,
      "gen_ai.usage.cache_creation.input_tokens": 1n,
      "gen_ai.response.finish_reasons": '["stop"]',
      "enduser.id": "u1",
    }),
  );
  expect(name).toBe("original");
  expect(Object.fromEntries(attributes)).toEqual({
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "azure.ai.openai",
    "user.id": "u1",
    "gen_ai.usage.input_tokens": 7n,
    "gen_ai.usage.output_tokens": 2n,
    "gen_ai.usage.cache_write.input_tokens": 1n,
    "gen_ai.response.finish_reasons": ["stop"],
    "spanledger.original_attribute_names": [
      "gen_ai.system",
      "enduser.id",
      "gen_ai.usage.prompt_tokens",
      "gen_ai.usage.completion_tokens",
      "gen_ai.usage.cache_creation.input_tokens",
      "gen_ai.response.finish_reasons",
    ],
  });
});

test("a name of today that is there already is not overwritten, and the older one stays", () => {
  expect(
    normalised({ "gen_ai.system": "openai", "gen_ai.provider.name": "azure.ai.openai" }),
  ).toEqual({
    name: "original",
    "gen_ai.system": "openai",
    "gen_ai.provider.name": "azure.ai.openai",
  });
});

test("a call of Traceloop before 0.20, spread over attributes, has messages", () => {
  expect(
    normalised(
      {
        "gen_ai.system": "OpenAI",
        "llm.request.type": "chat",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.prompt.1.role": "assistant",
        "gen_ai.prompt.1.tool_calls.0.id": "c1",
        "gen_ai.prompt.1.tool_calls.0.name": "lookup",
        "gen_ai.prompt.1.tool_calls.0.arguments": '{"id":7}',
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": '[{"type":"text","text":"Hi"}]',
        "gen_ai.prompt.2.role": "tool",
        "gen_ai.prompt.2.content": "42",
        "gen_ai.prompt.2.tool_call_id": "c1",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": '{"label":"high"}',
        "gen_ai.completion.0.finish_reason": "stop",
        "llm.request.functions.0.name": "lookup",
        "llm.request.functions.0.parameters": '{"type":"object"}',
        "llm.usage.total_tokens": 9n,
        "traceloop.workflow.name": "refund",
      },
      { ...CHILD, name: "openai.chat" },
    ),
  ).toEqual({
    name: "chat gpt-x",
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-x",
    "gen_ai.input.messages": [
      { role: "user", parts: [{ type: "text", content: "Hi" }] },
      {
        role: "assistant",
        parts: [{ type: "tool_call", id: "c1", name: "lookup", arguments: { id: 7 } }],
      },
      { role: "tool", parts: [{ type: "tool_call_response", id: "c1", response: "42" }] },
    ],
    "gen_ai.output.messages": [
      {
        role: "assistant",
        parts: [{ type: "text", content: '{"label":"high"}' }],
        finish_reason: "stop",
      },
    ],
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.tool.definitions": [
      { type: "function", name: "lookup", parameters: { type: "object" } },
    ],
    "llm.request.type": "chat",
    "llm.usage.total_tokens": 9n,
    "traceloop.workflow.name": "refund",
    "workflow.id": "refund",
    "workflow.run.id": TRACE_ID,
    "spanledger.dialect": "traceloop",
    "spanledger.original_name": "openai.chat",
  });
});

test.each<[string, Record<string, AttributeValue>, Partial<DecodedSpan>, object]>([
  [
    "a workflow of Traceloop is a run, also below a request",
    { "traceloop.span.kind": "workflow", "traceloop.workflow.name": "refund" },
    { ...CHILD, statusCode: "Error" },
    { name: "invoke_workflow refund", "workflow.run.result": "failure" },
  ],
  [
    "a task of Traceloop is a step",
    { "traceloop.span.kind": "task", "traceloop.entity.name": "classify" },
    CHILD,
    { name: "run_step classify", "workflow.step.result": "success" },
  ],
  [
    "a root agent of OpenInference is a run",
    { "openinference.span.kind": "AGENT", "session.id": "s1" },
    {},
    { name: "invoke_workflow original", "gen_ai.conversation.id": "s1" },
  ],
  [
    "a chain of OpenInference below another process is a run of its own",
    { "openinference.span.kind": "CHAIN" },
    { ...CHILD, flags: 0x301 },
    { name: "invoke_workflow original", "workflow.run.id": TRACE_ID },
  ],
  [
    "a chain of OpenInference below a span of its process is a step",
    { "openinference.span.kind": "CHAIN", "input.value": "in", "output.value": "out" },
    { ...CHILD, flags: 0x101 },
    {
      name: "run_step original",
      "workflow.step.name": "original",
      "workflow.step.input": "in",
      "workflow.step.output": "out",
    },
  ],
  [
    "a retriever of OpenInference is a step, and its documents are content",
    {
      "openinference.span.kind": "RETRIEVER",
      "retrieval.documents.0.document.content": "a",
      "retrieval.documents.0.document.score": 0.5,
    },
    CHILD,
    {
      name: "run_step original",
      "spanledger.original_content": {
        "retrieval.documents.0.document.content": "a",
        "retrieval.documents.0.document.score": 0.5,
      },
    },
  ],
  [
    "a generation of the AI SDK below a request is a run",
    { "ai.operationId": "ai.generateText", "ai.telemetry.functionId": "refund" },
    CHILD,
    { name: "invoke_workflow refund", "workflow.run.id": TRACE_ID },
  ],
  [
    "a generation of the AI SDK in a run of ours is a step of it",
    { "ai.operationId": "ai.generateText", "workflow.run.id": "01RUN" },
    CHILD,
    { name: "run_step ai.generateText", "workflow.run.id": "01RUN" },
  ],
  [
    "a workflow of Traceloop in a run of ours is a step of it",
    { "traceloop.span.kind": "workflow", "workflow.run.id": "01RUN" },
    CHILD,
    { name: "run_step original", "workflow.run.id": "01RUN" },
  ],
  [
    "a run id that is there is kept",
    { "openinference.span.kind": "CHAIN", "workflow.run.id": "01RUN" },
    {},
    { "workflow.run.id": "01RUN" },
  ],
  [
    "a workflow of Mastra is a run of that engine",
    { "mastra.span.type": "workflow_run", "gen_ai.operation.name": "invoke_workflow" },
    { name: "invoke_workflow refund" },
    { name: "invoke_workflow refund", "workflow.engine": "mastra", "workflow.id": "refund" },
  ],
  [
    "a step of Mastra is a step, its input and output are content",
    {
      "mastra.span.type": "workflow_step",
      "gen_ai.operation.name": "workflow_step",
      "mastra.workflow_step.input": '{"a":1}',
      "mastra.workflow_step.output": '{"b":2}',
    },
    { ...CHILD, name: "workflow_step classify" },
    {
      name: "run_step classify",
      "workflow.step.input": '{"a":1}',
      "workflow.step.output": '{"b":2}',
    },
  ],
  [
    "a step of Mastra that waits for somebody is paused, not done",
    {
      "mastra.span.type": "workflow_step",
      "gen_ai.operation.name": "workflow_step",
      "mastra.workflow_step.status": "suspended",
    },
    { ...CHILD, name: "workflow_step approve" },
    { name: "run_step approve", "workflow.step.result": "paused" },
  ],
  [
    "a workflow of Mastra that waits for somebody is a paused run",
    {
      "mastra.span.type": "workflow_run",
      "gen_ai.operation.name": "invoke_workflow",
      "mastra.workflow_run.status": "suspended",
    },
    { name: "invoke_workflow refund" },
    { "workflow.id": "refund", "workflow.run.result": "paused" },
  ],
  [
    "a branch of Mastra is a decision; roads not taken go by their condition",
    {
      "mastra.span.type": "workflow_conditional",
      "gen_ai.operation.name": "workflow_conditional",
      "mastra.workflow_conditional.entry_id": "by_score",
      "mastra.workflow_conditional.condition_count": 3n,
      "mastra.workflow_conditional.truthy_indexes": "[1]",
      "mastra.workflow_conditional.selected_steps": '["accept"]',
      "mastra.workflow_conditional.input": '{"score":0.9}',
    },
    { ...CHILD, name: "conditional 3 conditions" },
    {
      name: "evaluate_branch by_score",
      "workflow.decision.id": "by_score",
      "workflow.decision.type": "conditional_edge",
      "workflow.decision.options": ["accept", "condition 0", "condition 2"],
      "workflow.decision.selected": ["accept"],
      "workflow.decision.inputs": '{"score":0.9}',
    },
  ],
  [
    "control flow of Mastra that says nothing of roads is a step by its whole name",
    { "mastra.span.type": "workflow_loop", "gen_ai.operation.name": "workflow_loop" },
    { ...CHILD, name: "loop dountil" },
    { name: "run_step loop dountil", "workflow.step.type": "decision" },
  ],
  [
    "a call of Mastra stays a call, in the run of its trace",
    {
      "mastra.span.type": "model_generation",
      "gen_ai.operation.name": "chat",
      "gen_ai.response.finish_reasons": '["stop"]',
    },
    { ...CHILD, name: "chat gpt-x" },
    {
      name: "chat gpt-x",
      "gen_ai.operation.name": "chat",
      "workflow.run.id": TRACE_ID,
      "gen_ai.response.finish_reasons": ["stop"],
    },
  ],
])("%s", (_, attributes, more, expected) => {
  expect(normalised(attributes, more)).toMatchObject(expected);
});

test("the call of a model that is a root has no run", () => {
  const attributes = { "openinference.span.kind": "LLM", "llm.model_name": "gpt-x" };
  expect(normaliseSpan(span(attributes)).attributes.has("workflow.run.id")).toBe(false);
});

test("annotations of OpenInference on a span of the AI SDK do not count its call twice", () => {
  const result = normalised({
    "openinference.span.kind": "LLM",
    "llm.model_name": "gpt-x",
    "llm.token_count.prompt": 12n,
    "ai.operationId": "ai.generateText.doGenerate",
    "ai.usage.inputTokens": 12n,
    "ai.prompt.messages": '[{"role":"user","content":"Hi"}]',
  });
  expect(result).toMatchObject({
    name: "chat gpt-x",
    "gen_ai.usage.input_tokens": 12n,
    "ai.usage.inputTokens": 12n,
    "spanledger.dialect": "openinference,ai-sdk",
    "spanledger.original_content": { "ai.prompt.messages": '[{"role":"user","content":"Hi"}]' },
  });
});
