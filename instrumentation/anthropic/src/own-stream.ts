/**
 * What the model said in a stream that the SDK records itself: of `create({ stream: true })` its
 * span holds usage and finish reason, not the message.
 *
 * In: the SDK's stream and its span. Out: attributes for the span's end, which the SDK decides.
 * Side effects: the stream's iterator is watched in place; the span of a stream that the
 * application drops, which the SDK would never end, ends.
 */
import type { Attributes, Span } from "@opentelemetry/api";
import {
  isResponseStream,
  observeStream,
  type StreamObserver,
  safely,
} from "@spanledger/api/internal";
import { MessageCollector } from "./collector.ts";
import { messages } from "./messages.ts";

interface Streamed {
  readonly collector: MessageCollector;
  readonly captureContent: boolean;
}

const streamed = new WeakMap<Span, Streamed>();

/** Collect what comes of a stream, for {@link streamedAttributes}. */
export function collectStream(span: Span, result: unknown, captureContent: boolean): void {
  if (!isResponseStream(result)) return;
  const collector = new MessageCollector();
  streamed.set(span, { collector, captureContent });
  observeStream(result, collector, ending(span));
}

/** The message as far as it came; nothing for a span of anything else, and once for each. */
export function streamedAttributes(span: Span): Attributes {
  const one = streamed.get(span);
  streamed.delete(span);
  const message = one?.collector.result();
  return one === undefined || message === undefined
    ? {}
    : messages.response(message, one.captureContent);
}

/** Made here, where no stream is in reach: what watches a stream must not keep it. */
function ending(span: Span): StreamObserver {
  const end = (): void => {
    // The SDK ends its span before the next turn of the event loop, unless the stream was dropped.
    setImmediate(() =>
      safely(() => {
        if (span.isRecording()) span.end();
      }),
    );
  };
  return { began: () => undefined, ended: end, failed: end };
}
