import "@spanledger/register";
import { tool } from "@langchain/core/tools";
import * as langgraph from "@langchain/langgraph";
import OpenAI from "openai";
import { z } from "zod";
import { run } from "./refund-app.cjs";

await run({ langgraph, tool, z, OpenAI }, process.argv);
