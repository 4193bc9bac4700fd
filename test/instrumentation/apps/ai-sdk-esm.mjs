import "@spanledger/register";
import { createOpenAI } from "@ai-sdk/openai";
import { step, workflow } from "@spanledger/api";
import { streamText } from "ai";
import { run } from "./ai-sdk-app.cjs";

await run({ streamText, createOpenAI, workflow, step });
