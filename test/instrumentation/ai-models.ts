/** Models of the AI SDK's own test kit: what they answer, for version 6 and for version 7. */
import { trace } from "@opentelemetry/api";

const USAGE = {
  inputTokens: { total: 12, noCache: 8, cacheRead: 4, cacheWrite: undefined },
  outputTokens: { total: 3, text: 3, reasoning: undefined },
};

/** What a model answers. */
export interface Answer {
  readonly content: readonly object[];
  readonly finishReason: object;
  readonly usage: object;
  readonly warnings: readonly object[];
}

/** The model asks for the tool `lookup`. */
export const CALLS_TOOL: Answer = {
  content: [{ type: "tool-call", toolCallId: "call_1", toolName: "lookup", input: '{"id":7}' }],
  finishReason: { unified: "tool-calls", raw: "tool_calls" },
  usage: USAGE,
  warnings: [],
};

/** The model says Hello. */
export const SAYS_HELLO: Answer = {
  content: [{ type: "text", text: "Hello" }],
  finishReason: { unified: "stop", raw: "stop" },
  usage: USAGE,
  warnings: [],
};

/** Answers one after the other, each with a span as instrumented HTTP would make it. */
export function answering(...answers: readonly Answer[]): () => Promise<never> {
  const left = [...answers];
  return async () => {
    trace.getTracer("http").startSpan("POST").end();
    const answer = left.shift();
    if (answer === undefined) throw new Error("asked too often");
    return { ...answer, content: [...answer.content] } as never;
  };
}

/** The same as a stream; `inside` comes in the middle. */
export function streaming(...inside: readonly unknown[]): () => Promise<never> {
  const chunks = [
    { type: "stream-start", warnings: [] },
    { type: "text-start", id: "1" },
    { type: "text-delta", id: "1", delta: "Hel" },
    ...inside,
    { type: "text-delta", id: "1", delta: "lo" },
    { type: "text-end", id: "1" },
    { type: "finish", finishReason: SAYS_HELLO.finishReason, usage: USAGE },
  ];
  return async () => ({ stream: ReadableStream.from(chunks) }) as never;
}

/** Read a stream to its end. */
export async function readAll<T>(stream: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
