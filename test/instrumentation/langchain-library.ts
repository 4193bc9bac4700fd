/**
 * The real LangChain and the real openai package, instrumented in this process, and what their tests
 * share.
 *
 * Side effect: patches both copies of LangChain core that are installed: that of the tests, and that
 * of `@langchain/openai`, whose models extend another copy. Spans are kept in memory.
 */
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { RunnableBranch, RunnableSequence } from "@langchain/core/runnables";
import { StructuredTool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { LangChainInstrumentation } from "@spanledger/instrumentation-langchain";
import { OpenAIInstrumentation } from "@spanledger/instrumentation-openai";
import { OpenAI } from "openai";
import { type Recording, record } from "./spans.ts";

/** Every span of this process. */
export const recording: Recording = record();

/** The instrumentations, for tests that switch them off. */
export const langchain: LangChainInstrumentation = new LangChainInstrumentation();
export const openai: OpenAIInstrumentation = new OpenAIInstrumentation();

langchain.manuallyInstrument({ BaseChatModel, RunnableBranch, RunnableSequence, StructuredTool });
langchain.manuallyInstrument({ BaseChatModel: ownerOf(ChatOpenAI, "_generateUncached") });
openai.manuallyInstrument({ OpenAI });

/** The class from which a class inherits a method. */
function ownerOf(derived: { readonly prototype: object }, method: string): unknown {
  let prototype = derived.prototype;
  while (!Object.hasOwn(prototype, method)) {
    prototype = Object.getPrototypeOf(prototype) as object;
  }
  return prototype.constructor;
}

/** The only span of a name. */
export function only(name: string): ReadableSpan {
  const spans = recording.named(name);
  if (spans.length !== 1 || spans[0] === undefined) throw new Error(`not one span ${name}`);
  return spans[0];
}
