import "@spanledger/register";
import * as agents from "@openai/agents";
import { z } from "zod";
import { run } from "./agents-app.cjs";

await run({ ...agents, z }, process.argv);
