import "@spanledger/register";
import { createRequire, findPackageJSON } from "node:module";
import { pathToFileURL } from "node:url";
import OpenAI from "openai";
import { z } from "zod";
import { run } from "./refund-app.cjs";

// LangChain has the newest LangGraph that installs, and the core that belongs to it.
const entry = pathToFileURL(createRequire(import.meta.url).resolve("langchain"));
const load = (name, file) => import(new URL(file, pathToFileURL(findPackageJSON(name, entry))));
const langgraph = await load("@langchain/langgraph", "dist/index.js");
const { tool } = await load("@langchain/core", "dist/tools/index.js");

await run({ langgraph, tool, z, OpenAI }, process.argv);
