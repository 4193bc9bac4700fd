/**
 * A model's stream, read on the way to Mastra.
 *
 * In: a stream of the AI SDK's model interface, versions 2 to 4. Out: a stream of the same chunks. Side
 * effect: the observer is told once: read to the end, left early, or broken.
 */
import {
  appendText,
  isJson,
  type Json,
  numberOf,
  parsedArguments,
  readField,
  STREAMED_ITEMS_MAX,
  safely,
} from "@spanledger/api/internal";

/** Told once. */
export interface StreamObserver {
  ended(answer: Json): void;
  failed(error: unknown, answer: Json): void;
}

/** Read along. Nothing is read before Mastra reads, and a cancellation goes on to the model. */
export function observeModelStream(
  source: ReadableStream<unknown>,
  observer: StreamObserver,
): ReadableStream<unknown> {
  const answer = new ModelAnswer();
  const reader = source.getReader();
  let told = false;
  const tell = (failure?: { readonly error: unknown }): void => {
    if (told) return;
    told = true;
    safely(() => {
      const failed = failure ?? answer.failure;
      if (failed === undefined) observer.ended(answer.result());
      else observer.failed(failed.error, answer.result());
    });
  };
  return new ReadableStream<unknown>(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (done) {
            tell();
            controller.close();
            return;
          }
          safely(() => answer.add(value));
          controller.enqueue(value);
        } catch (error) {
          tell({ error });
          controller.error(error);
        }
      },
      cancel: async (reason) => {
        tell();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** What a model answered, in the shape of the AI SDK's events. */
class ModelAnswer {
  failure: { readonly error: unknown } | undefined;
  #text = "";
  #reasoning = "";
  readonly #calls: Json[] = [];
  #finish: Json = {};
  #metadata: Json = {};

  add(chunk: unknown): void {
    if (!isJson(chunk)) return;
    switch (chunk.type) {
      case "text-delta":
        this.#text = appendText(this.#text, chunk.delta);
        return;
      case "reasoning-delta":
        this.#reasoning = appendText(this.#reasoning, chunk.delta);
        return;
      case "tool-call":
        if (this.#calls.length < STREAMED_ITEMS_MAX) {
          this.#calls.push({ ...chunk, input: parsedArguments(chunk.input) });
        }
        return;
      case "response-metadata":
        this.#metadata = chunk;
        return;
      case "finish":
        this.#finish = chunk;
        return;
      case "error":
        this.failure = { error: chunk.error };
        return;
      default:
    }
  }

  result(): Json {
    const text = (type: string, content: string): readonly Json[] =>
      content === "" ? [] : [{ type, text: content }];
    const { id: responseId, modelId } = this.#metadata;
    const { finishReason, usage } = this.#finish;
    return {
      responseId,
      modelId,
      finishReason,
      usage: usageOf(usage),
      content: [...text("reasoning", this.#reasoning), ...text("text", this.#text), ...this.#calls],
    };
  }
}

/** Counts are numbers in version 2, and objects with a total since. */
function usageOf(usage: unknown): Json {
  const input = readField(usage, "inputTokens");
  const output = readField(usage, "outputTokens");
  const cached = readField(input, "cacheRead") ?? readField(usage, "cachedInputTokens");
  return {
    inputTokens: numberOf(input) ?? readField(input, "total"),
    outputTokens: numberOf(output) ?? readField(output, "total"),
    inputTokenDetails: {
      cacheReadTokens: cached,
      cacheWriteTokens: readField(input, "cacheWrite"),
    },
  };
}
