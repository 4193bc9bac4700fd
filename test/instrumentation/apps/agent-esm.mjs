import "@spanledger/register";
import { createRequire, findPackageJSON } from "node:module";
import { pathToFileURL } from "node:url";
import * as openai from "@langchain/openai";
import * as langchain from "langchain";
import { z } from "zod";
import { run } from "./agent.cjs";

// The copy that LangChain itself uses, where the application has another version.
const entry = pathToFileURL(createRequire(import.meta.url).resolve("langchain"));
const found = pathToFileURL(findPackageJSON("@langchain/langgraph", entry));
const langgraph = await import(new URL("dist/index.js", found));

await run({ langchain, langgraph, openai, z }, process.argv);
