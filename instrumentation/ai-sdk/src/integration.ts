/**
 * The telemetry integration that the AI SDK calls.
 *
 * In: events of version 7. Side effects: spans; see {@link Generation}. Version 6 is served by the
 * getters of the same object; see {@link Version6Call}.
 */
import { context } from "@opentelemetry/api";
import { isJson, jsonList, readField, safely, textOf } from "@spanledger/api/internal";
import { Generation, type RecorderSource } from "./generation.ts";
import type { Listener, ModelRun, SdkEvent, SdkIntegration, ToolRun } from "./internal-types.ts";
import { isRecordedByOthers } from "./others.ts";
import { begun, finished } from "./unfinished.ts";
import { Version6Call } from "./version6.ts";

/**
 * Most calls that are watched at a time. The SDK says nothing when a stream is left early, so the
 * oldest calls are ended when there are more; at about 2 KB each these are some 8 MB.
 */
export const CALLS_MAX = 4_096;

export class AiSdkIntegration implements SdkIntegration {
  readonly #source: RecorderSource;
  /** The calls of version 7 that have not ended, by their id, oldest first. */
  readonly #open = new Map<string, Generation>();
  #version6: Version6Call;

  constructor(source: RecorderSource) {
    this.#source = source;
    this.#version6 = new Version6Call(source);
  }

  get onStart(): Listener {
    const call = new Version6Call(this.#source);
    this.#version6 = call;
    queueMicrotask(() => {
      // All listeners were read by now; who keeps them is the SDK alone.
      if (this.#version6 === call) this.#version6 = new Version6Call(this.#source);
    });
    return (event) =>
      safely(() => {
        if (!isJson(event)) return;
        const muted = isRecordedByOthers(this);
        if (event.callId === undefined) call.started(event, muted);
        else this.#begin(event, muted);
      });
  }

  get onStepStart(): Listener {
    return this.#version6.listener((call, event) => call.stepStarted(event));
  }

  get onToolCallStart(): Listener {
    return this.#version6.listener((call, event) => call.toolStarted(event));
  }

  get onToolCallFinish(): Listener {
    return this.#version6.listener((call, event) => call.toolEnded(event));
  }

  get onStepFinish(): Listener {
    return this.#version6.listener((call, event) => call.stepEnded(event));
  }

  get onFinish(): Listener {
    return this.#version6.listener((call) => call.ended());
  }

  onLanguageModelCallStart(event: unknown): void {
    this.#tell(event, (generation, told) => generation.modelCallStarted(told));
  }

  onLanguageModelCallEnd(event: unknown): void {
    this.#tell(event, (generation, told) => generation.modelCallEnded(told));
  }

  onObjectStepStart(event: unknown): void {
    this.#tell(event, (generation, told) => generation.objectStarted(told));
  }

  onObjectStepEnd(event: unknown): void {
    this.#tell(event, (generation, told) => generation.objectEnded(told));
  }

  onEmbedStart(event: unknown): void {
    this.#tell(event, (generation, told) => generation.embeddingStarted(told));
  }

  onEmbedEnd(event: unknown): void {
    this.#tell(event, (generation, told) => generation.embeddingEnded(told));
  }

  onToolExecutionStart(event: unknown): void {
    this.#tell(event, (generation, told) => {
      const [toolCall = {}] = jsonList([told.toolCall]);
      generation.toolStarted(toolCall);
    });
  }

  onToolExecutionEnd(event: unknown): void {
    this.#tell(event, (generation, told) => {
      const [toolCall = {}] = jsonList([told.toolCall]);
      const [{ output, error } = {}] = jsonList([told.toolOutput]);
      generation.toolEnded(toolCall, { output, error });
    });
  }

  onStepEnd(event: unknown): void {
    this.#tell(event, (generation, told) => generation.stepEnded(told));
  }

  onEnd(event: unknown): void {
    this.#last(event, (generation) => generation.ended());
  }

  onAbort(event: unknown): void {
    this.#last(event, (generation) => generation.ended());
  }

  onError(event: unknown): void {
    this.#last(event, (generation) => generation.failed(readField(event, "error")));
  }

  executeLanguageModelCall<T>(run: ModelRun<T>): PromiseLike<T> {
    const generation = safely(() => this.#of(run));
    return generation === undefined ? run.execute() : generation.runModel(run.execute);
  }

  executeTool<T>(run: ToolRun<T>): PromiseLike<T> {
    const active = safely(() => this.#of(run)?.toolContext(run.toolCallId));
    return active === undefined ? run.execute() : context.with(active, run.execute);
  }

  #begin(event: SdkEvent, muted: boolean): void {
    const recorder = this.#source();
    const id = textOf(event.callId);
    if (recorder === undefined || id === undefined) return;
    const [oldest] = this.#open.size < CALLS_MAX ? [] : this.#open.entries();
    if (oldest !== undefined) {
      this.#open.delete(oldest[0]);
      finished(oldest[1]);
      oldest[1].ended();
    }
    const generation = new Generation(recorder, muted);
    this.#open.set(id, generation);
    begun(generation, () => generation.ended());
    generation.started(event);
  }

  #of(event: unknown): Generation | undefined {
    return this.#open.get(String(readField(event, "callId")));
  }

  #tell(event: unknown, tell: (generation: Generation, event: SdkEvent) => void): void {
    safely(() => {
      const generation = this.#of(event);
      if (generation !== undefined && isJson(event)) tell(generation, event);
    });
  }

  #last(event: unknown, tell: (generation: Generation) => void): void {
    safely(() => {
      const generation = this.#of(event);
      this.#open.delete(String(readField(event, "callId")));
      if (generation === undefined) return;
      finished(generation);
      tell(generation);
    });
  }
}
