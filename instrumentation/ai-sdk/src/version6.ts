/**
 * One call of version 6, whose events come without an id.
 *
 * In: its events. Side effects: spans; see {@link Generation}. Version 6 tells of a step's end after
 * its tools have run and says nothing of a failure: the first tool's start is taken for the answer's
 * arrival, and what has not ended when the call is garbage ends as failed.
 */
import { isJson, jsonList, readField, safely, textOf } from "@spanledger/api/internal";
import { Generation, type RecorderSource } from "./generation.ts";
import type { Listener, SdkEvent } from "./internal-types.ts";
import { isInSpanOfSdk } from "./others.ts";
import { begun, finished } from "./unfinished.ts";

/** What a failed call leaves behind; version 6 keeps the error to itself. */
class UnknownError extends Error {
  override readonly name = "_OTHER";
}

/** Ends the generations of calls that can no longer tell of anything. */
const abandoned = new FinalizationRegistry<Generation>(abandon);

function abandon(generation: Generation): void {
  finished(generation);
  safely(() => generation.failed(new UnknownError("the call ended without a word")));
}

export class Version6Call {
  readonly #source: RecorderSource;
  #generation: Generation | undefined;
  #request: SdkEvent = {};
  #answeredAtMs: number | undefined;

  constructor(source: RecorderSource) {
    this.#source = source;
  }

  /** A listener that keeps this call alive as long as the SDK may tell of it. */
  listener(tell: (call: Version6Call, event: SdkEvent) => void): Listener {
    return (event) => {
      if (this.#generation !== undefined && isJson(event)) safely(() => tell(this, event));
    };
  }

  started(event: SdkEvent, muted: boolean): void {
    const recorder = this.#source();
    if (recorder === undefined) return;
    const generation = new Generation(recorder, muted);
    this.#generation = generation;
    begun(generation, () => abandon(generation));
    abandoned.register(this, generation, this);
    this.#request = event;
    generation.started(event);
  }

  stepStarted(event: SdkEvent): void {
    if (isInSpanOfSdk()) this.#generation?.mute();
    this.#answeredAtMs = undefined;
    const { model, system, messages, tools } = event;
    this.#generation?.modelCallStarted({
      ...this.#request,
      ...namesOf(model),
      instructions: system,
      messages,
      tools: namedTools(tools),
    });
  }

  toolStarted(event: SdkEvent): void {
    this.#answeredAtMs ??= Date.now();
    const [toolCall = {}] = jsonList([event.toolCall]);
    this.#generation?.toolStarted(toolCall);
  }

  toolEnded(event: SdkEvent): void {
    const [toolCall = {}] = jsonList([event.toolCall]);
    this.#generation?.toolEnded(toolCall, { output: event.output, error: event.error });
  }

  stepEnded(event: SdkEvent): void {
    const { finishReason, usage, response, model } = event;
    const content = jsonList(event.content).filter(({ type }) => type !== "tool-result");
    const modelId = readField(response, "modelId") ?? namesOf(model).modelId;
    const responseId = readField(response, "id");
    const answer = { finishReason, usage, content, modelId, responseId };
    this.#generation?.modelCallEnded(answer, this.#answeredAtMs);
    this.#generation?.stepEnded(event);
  }

  ended(): void {
    abandoned.unregister(this);
    if (this.#generation !== undefined) finished(this.#generation);
    this.#generation?.ended();
    this.#generation = undefined;
  }
}

function namesOf(model: unknown) {
  return {
    provider: textOf(readField(model, "provider")),
    modelId: textOf(readField(model, "modelId")),
  };
}

/** Version 6 hands out the application's own tools, by name. */
function namedTools(tools: unknown): unknown {
  if (!isJson(tools)) return undefined;
  return Object.entries(tools).map(([name, tool]) => ({
    name,
    description: readField(tool, "description"),
  }));
}
