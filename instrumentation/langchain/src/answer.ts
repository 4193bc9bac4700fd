/**
 * A model's answer as attributes of the GenAI conventions.
 *
 * In: what a chat model returns, or the chunks that it streams. Out: attributes. Pure.
 */
import type { Attributes } from "@opentelemetry/api";
import {
  appendText,
  isJson,
  type Json,
  jsonList,
  jsonText,
  numberOf,
  present,
  readField,
  STREAMED_ITEMS_MAX,
  textOf,
} from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";
import { type Message, messageOf } from "./messages.ts";

/** Ids that LangChain makes up where the provider gave none. */
const OWN_ID = /^(?:run-|lc_)/;

/** `LLMResult`: for each prompt the generations, each with a message. */
export function answerOfResult(result: unknown, content: boolean): Attributes {
  const generations = readField(result, "generations");
  const lists: readonly unknown[] = Array.isArray(generations) ? generations : [];
  const [usage = {}] = jsonList([readField(readField(result, "llmOutput"), "tokenUsage")]);
  return answerOf(lists.flatMap(jsonList), usage, content);
}

/** @param usage counts of the whole call, where the messages have none */
function answerOf(generations: readonly Json[], usage: Json, content: boolean): Attributes {
  const messages = generations.map((one) => one.message);
  const facts = generations.map(factsOf);
  const counts = facts.map(({ counts }) => counts).filter(isJson);
  const sum = (name: string, otherwise: unknown): number | undefined => {
    const numbers = counts.map((one) => numberOf(one[name])).filter((one) => one !== undefined);
    if (numbers.length === 0) return numberOf(otherwise);
    return numbers.reduce((a, b) => a + b, 0);
  };
  const reasons = facts.map(({ reason }) => reason).filter((one) => one !== undefined);
  const details = counts.map((one) => one.input_token_details).filter(isJson);
  return present([
    [OTEL.genAiResponseId, facts[0]?.id],
    [OTEL.genAiResponseModel, facts[0]?.model],
    [OTEL.genAiResponseFinishReasons, reasons.length === 0 ? undefined : reasons],
    [OTEL.genAiUsageInputTokens, sum("input_tokens", usage.promptTokens)],
    [OTEL.genAiUsageOutputTokens, sum("output_tokens", usage.completionTokens)],
    [OTEL.genAiUsageCacheReadInputTokens, numberOf(details[0]?.cache_read)],
    [OTEL.genAiOutputMessages, content ? jsonText(messages.map(outputMessage)) : undefined],
  ]);

  function outputMessage(message: unknown, index: number): Message & { finish_reason: string } {
    const finish = facts[index]?.reason ?? "unknown";
    return { ...messageOf(message), role: "assistant", finish_reason: finish };
  }
}

interface Facts {
  readonly id: string | undefined;
  readonly model: string | undefined;
  readonly reason: string | undefined;
  readonly counts: unknown;
}

function factsOf({ message, generationInfo }: Json): Facts {
  const said = readField(message, "response_metadata");
  const id = textOf(readField(said, "id")) ?? textOf(readField(message, "id"));
  const reason = [said, generationInfo].flatMap((one) => [
    readField(one, "finish_reason"),
    readField(one, "stop_reason"),
    readField(one, "done_reason"),
  ]);
  return {
    id: id === undefined || OWN_ID.test(id) ? undefined : id,
    model: textOf(readField(said, "model_name")) ?? textOf(readField(said, "model")),
    reason: reason.map(textOf).find((one) => one !== undefined),
    counts: readField(message, "usage_metadata"),
  };
}

/** The chunks of one streamed answer. */
export class StreamedAnswer {
  #text = "";
  #counts: Record<string, unknown> | undefined;
  #said: Json = {};
  #id: unknown;
  readonly #calls = new Map<unknown, { id: unknown; name: unknown; args: string }>();

  add(chunk: unknown): void {
    const content = readField(chunk, "content");
    const parts = typeof content === "string" ? [content] : jsonList(content).map((b) => b.text);
    for (const part of parts) this.#text = appendText(this.#text, part);
    for (const call of jsonList(readField(chunk, "tool_call_chunks"))) this.#addCall(call);
    const [counts] = jsonList([readField(chunk, "usage_metadata")]);
    if (counts !== undefined) this.#count(counts);
    const [said] = jsonList([readField(chunk, "response_metadata")]);
    if (said !== undefined) this.#said = { ...this.#said, ...said };
    this.#id ??= readField(chunk, "id");
  }

  attributes(content: boolean): Attributes {
    const message = {
      id: this.#id,
      type: "ai",
      content: this.#text,
      tool_calls: [...this.#calls.values()],
      response_metadata: this.#said,
      usage_metadata: this.#counts,
    };
    return answerOf([{ message }], {}, content);
  }

  #addCall({ index, id, name, args }: Json): void {
    const key = index ?? id;
    const known = this.#calls.get(key);
    if (known === undefined && this.#calls.size >= STREAMED_ITEMS_MAX) return;
    this.#calls.set(key, {
      id: known?.id ?? id,
      name: known?.name ?? name,
      args: appendText(known?.args ?? "", args),
    });
  }

  /** LangChain adds up the counts of all chunks. */
  #count(counts: Json): void {
    const before = this.#counts ?? {};
    this.#counts = { ...before, ...counts };
    for (const name of ["input_tokens", "output_tokens"]) {
      this.#counts[name] = (numberOf(before[name]) ?? 0) + (numberOf(counts[name]) ?? 0);
    }
  }
}
