/**
 * What the AI SDK calls: the telemetry integrations of its versions 6 and 7, which share one global
 * list and differ in the names and the shapes of their events.
 */
import type { Json } from "@spanledger/api/internal";

/** An event of the SDK; anything may be missing. */
export type SdkEvent = Json;

/** Told of an event. */
export type Listener = (event: unknown) => void;

/** What the SDK wants to be run inside of the model call's span. */
export interface ModelRun<T> {
  readonly callId?: unknown;
  readonly execute: () => PromiseLike<T>;
}

/** What the SDK wants to be run inside of the tool's span. */
export interface ToolRun<T> extends ModelRun<T> {
  readonly toolCallId?: unknown;
}

/**
 * One object for both versions.
 *
 * Version 7 names the call in each event (`callId`). Version 6 does not, but it reads each listener
 * once per call, `onStart` first, so that the listeners know their call.
 */
export interface SdkIntegration {
  readonly onStart: Listener;
  /** Version 6 alone, as the four below; version 7 calls some of them as well. */
  readonly onStepStart: Listener;
  readonly onToolCallStart: Listener;
  readonly onToolCallFinish: Listener;
  readonly onStepFinish: Listener;
  readonly onFinish: Listener;
  onLanguageModelCallStart(event: unknown): void;
  onLanguageModelCallEnd(event: unknown): void;
  onObjectStepStart(event: unknown): void;
  onObjectStepEnd(event: unknown): void;
  onEmbedStart(event: unknown): void;
  onEmbedEnd(event: unknown): void;
  onToolExecutionStart(event: unknown): void;
  onToolExecutionEnd(event: unknown): void;
  onStepEnd(event: unknown): void;
  onEnd(event: unknown): void;
  onAbort(event: unknown): void;
  onError(event: unknown): void;
  executeLanguageModelCall<T>(run: ModelRun<T>): PromiseLike<T>;
  executeTool<T>(run: ToolRun<T>): PromiseLike<T>;
}

declare global {
  /** The SDK's own list; read at each call, so it may be filled at any time. */
  var AI_SDK_TELEMETRY_INTEGRATIONS: unknown[] | undefined;
}
