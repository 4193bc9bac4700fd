import { createStep, createWorkflow } from "@mastra/core/workflows";
import { z } from "zod";
import { run } from "./mastra-app.cjs";

await run({ createStep, createWorkflow, z });
