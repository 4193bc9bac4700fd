/** A streamed message, put together from its events as far as they came. */
import {
  appendText,
  isJson,
  type Json,
  jsonList,
  parsedArguments,
  STREAMED_ITEMS_MAX,
  type StreamCollector,
} from "@spanledger/api/internal";

interface CollectedBlock {
  readonly start: Json;
  text: string;
  thinking: string;
  input: string;
}

export class MessageCollector implements StreamCollector {
  #message: Json | undefined;
  #usage: Json = {};
  #stopReason: unknown;
  readonly #blocks = new Map<unknown, CollectedBlock>();

  add(event: unknown): void {
    if (!isJson(event)) return;
    switch (event.type) {
      case "message_start":
        [this.#message] = jsonList([event.message]);
        this.#addUsage(this.#message?.usage);
        break;
      case "content_block_start":
        this.#addBlock(event);
        break;
      case "content_block_delta":
        this.#addDelta(event);
        break;
      case "message_delta":
        this.#stopReason = jsonList([event.delta])[0]?.stop_reason ?? this.#stopReason;
        this.#addUsage(event.usage);
        break;
      default:
    }
  }

  result(): Json | undefined {
    if (this.#message === undefined) return undefined;
    const usage = { ...this.#usage };
    // Until the model stops, the number of output tokens is a placeholder.
    if (this.#stopReason === undefined) usage.output_tokens = undefined;
    const content = [...this.#blocks.values()].map(wholeBlock);
    return { ...this.#message, content, usage, stop_reason: this.#stopReason };
  }

  /** The SDK turns an error event into an exception, which the stream's reader gets. */
  failure(): undefined {
    return undefined;
  }

  /** Later counts are totals, and replace what the beginning said; null says nothing. */
  #addUsage(usage: unknown): void {
    if (!isJson(usage)) return;
    const said = Object.entries(usage).filter(([, value]) => value !== null);
    this.#usage = { ...this.#usage, ...Object.fromEntries(said) };
  }

  #addBlock(event: Json): void {
    if (this.#blocks.size >= STREAMED_ITEMS_MAX || !isJson(event.content_block)) return;
    this.#blocks.set(event.index, {
      start: event.content_block,
      text: "",
      thinking: "",
      input: "",
    });
  }

  #addDelta(event: Json): void {
    const block = this.#blocks.get(event.index);
    if (block === undefined || !isJson(event.delta)) return;
    block.text = appendText(block.text, event.delta.text);
    block.thinking = appendText(block.thinking, event.delta.thinking);
    block.input = appendText(block.input, event.delta.partial_json);
  }
}

function wholeBlock({ start, text, thinking, input }: CollectedBlock): Json {
  return {
    ...start,
    ...(text === "" ? {} : { text }),
    ...(thinking === "" ? {} : { thinking }),
    ...(input === "" ? {} : { input: parsedArguments(input) }),
  };
}
