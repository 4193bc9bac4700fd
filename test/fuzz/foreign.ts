/**
 * Random spans of other dialects, as wire bytes: attributes, event names and scope names of theirs,
 * with values that fit, that do not, and that look like theirs. Pure but for its choices.
 */
import type { Random } from "./random.ts";
import { bytesField, varintField } from "./wire.ts";

const KINDS: readonly string[] = [
  ..."LLM TOOL CHAIN AGENT EMBEDDING RETRIEVER workflow task agent tool chat embedding".split(" "),
  ..."ai.generateText ai.generateText.doGenerate ai.toolCall ai.embed.doEmbed ai.x".split(" "),
  ..."workflow_run workflow_step agent_run model_generation tool_call".split(" "),
];

const KIND_KEYS: readonly string[] = [
  "openinference.span.kind",
  "traceloop.span.kind",
  "ai.operationId",
  "mastra.span.type",
  "llm.request.type",
];

const KEYS: readonly string[] = [
  ..."llm.input_messages.0.message.role llm.input_messages.0.message.content".split(" "),
  ..."llm.input_messages.1.message.tool_calls.0.tool_call.function.arguments".split(" "),
  ..."llm.input_messages.0 llm.input_messages.x.message.role llm.output_messages".split(" "),
  ..."llm.output_messages.0.message.contents.0.message_content.text llm.finish_reason".split(" "),
  ..."llm.tools.0.tool.json_schema llm.invocation_parameters llm.model_name".split(" "),
  ..."llm.token_count.prompt llm.system llm.provider input.value output.value".split(" "),
  ..."gen_ai.prompt.0.role gen_ai.prompt.0.content gen_ai.prompt.1.tool_calls.0.name".split(" "),
  ..."gen_ai.completion.0.content gen_ai.completion.0.finish_reason gen_ai.prompt".split(" "),
  ..."gen_ai.system gen_ai.usage.prompt_tokens gen_ai.usage.cache_creation.input_tokens".split(" "),
  ..."enduser.id traceloop.entity.name traceloop.entity.input traceloop.workflow.name".split(" "),
  ..."llm.request.functions.0.parameters llm.is_streaming llm.chat.stop_sequences".split(" "),
  ..."ai.prompt.messages ai.prompt.tools ai.response.text ai.response.toolCalls".split(" "),
  ..."ai.response.finishReason ai.usage.inputTokens ai.toolCall.name ai.toolCall.args".split(" "),
  ..."ai.model.provider ai.model.id ai.response.msToFirstChunk ai.prompt".split(" "),
  ..."mastra.workflow_run.input mastra.workflow_step.output mastra.metadata.body".split(" "),
  ..."gen_ai.operation.name gen_ai.request.model gen_ai.output.messages".split(" "),
  ..."gen_ai.response.finish_reasons anthropic.message.stop_reason tool.name".split(" "),
  // Nearly theirs.
  ..."gen_ai.prompt.name aisle llms.x input.values ai gen_ai.systems".split(" "),
];

const TEXTS: readonly string[] = [
  '[{"role":"system","content":"Be kind"},{"role":"user","content":[{"type":"text","text":"Hi"}]}]',
  '[{"role":"tool","content":[{"type":"tool-result","output":{"type":"text","value":"x"}}]}]',
  '[{"toolCallId":"c","toolName":"t","input":"{\\"to\\":\\"bob@example.com\\"}"}]',
  '{"model":"gpt-x","temperature":0.5,"stop":"x","seed":12345678901234567890}',
  '{"type":"function","function":{"name":"t","parameters":{"type":"object"}}}',
  "{bad",
  "[".repeat(40),
  "mail anna@example.com",
  "openai.chat",
  "tool-calls",
  "",
];

/** Attributes (field 9 of a span) of one dialect or of several. */
export function foreignAttributes(random: Random): Buffer[] {
  const kind = attribute(random.pick(KIND_KEYS), bytesField(1, random.pick(KINDS)));
  const count = random.int(14);
  const others = Array.from({ length: count }, () => attribute(random.pick(KEYS), value(random)));
  return random.oneIn(5) ? others : [kind, ...others];
}

export function foreignEventName(random: Random): string {
  return random.pick(
    "gen_ai.user.message gen_ai.choice gen_ai.content.prompt gen_ai. gen_ai gen_ai.x".split(" "),
  );
}

export function foreignScopeName(random: Random): string {
  const name = "com.anthropic.sdk.typescript";
  return random.pick([name, `${name}.bedrock`, "com.anthropic.sdk", "@traceloop/x"]);
}

function attribute(key: string, anyValue: Buffer): Buffer {
  return bytesField(9, Buffer.concat([bytesField(1, key), bytesField(2, anyValue)]));
}

function value(random: Random): Buffer {
  const kind = random.int(12);
  if (kind === 0) return varintField(3, random.int(5_000));
  if (kind === 1) return varintField(2, random.int(2));
  if (kind === 2) return bytesField(5, bytesField(1, bytesField(1, random.pick(TEXTS))));
  if (kind === 3) {
    const member = Buffer.concat([bytesField(1, "role"), bytesField(2, bytesField(1, "user"))]);
    return bytesField(6, bytesField(1, member));
  }
  if (kind === 4) return Buffer.alloc(0);
  return bytesField(1, random.pick(TEXTS));
}
