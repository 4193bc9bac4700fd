// Calls whose end nobody tells of: a stream that is never read, and a failure of version 6.
import "@spanledger/register";
import { createOpenAI } from "@ai-sdk/openai";
import { streamText } from "ai";
import { generateText } from "ai-6";
import { MockLanguageModelV3 } from "ai-6/test";

const openai = createOpenAI({ apiKey: "unused", baseURL: process.env.OPENAI_BASE_URL });
streamText({ model: openai.chat("gpt-x"), prompt: "Hello" });

const doGenerate = () => Promise.reject(new TypeError("no such model"));
const model = new MockLanguageModelV3({ provider: "openai.chat", modelId: "gpt-6", doGenerate });
await generateText({ model, prompt: "Hello" }).catch((error) => {
  process.stdout.write(`${error.message}\n`);
});
