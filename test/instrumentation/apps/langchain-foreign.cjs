/**
 * Calls a model through LangChain below the instrumentations of others, and prints whose spans came.
 *
 * Arguments: the address of the model provider, packages to instrument `openai` with, one after the
 * other.
 */
"use strict";
const { context, trace } = require("@opentelemetry/api");
const { AsyncLocalStorageContextManager } = require("@opentelemetry/context-async-hooks");
const {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} = require("@opentelemetry/sdk-trace");
const { RunSpanProcessor } = require("@spanledger/api");
const { LangChainInstrumentation } = require("@spanledger/instrumentation-langchain");
const { ChatOpenAI } = require("@langchain/openai");
const { OpenAI } = require("openai");

const exporter = new InMemorySpanExporter();
const spanProcessors = [new RunSpanProcessor(), new SimpleSpanProcessor({ exporter })];
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

let BaseChatModel = ChatOpenAI;
while (!Object.hasOwn(BaseChatModel.prototype, "_generateUncached")) {
  BaseChatModel = Object.getPrototypeOf(BaseChatModel);
}
new LangChainInstrumentation().manuallyInstrument({ BaseChatModel });

async function main([, , baseURL, ...foreign]) {
  const model = new ChatOpenAI({ model: "gpt-x", apiKey: "unused", configuration: { baseURL } });
  const scopes = [];
  for (const name of ["", ...foreign]) {
    if (name !== "") new (require(name).OpenAIInstrumentation)().manuallyInstrument(OpenAI);
    exporter.reset();
    await model.invoke("Hi");
    scopes.push(exporter.getFinishedSpans().map((span) => span.instrumentationScope.name));
  }
  process.stdout.write(JSON.stringify(scopes));
}

void main(process.argv);
