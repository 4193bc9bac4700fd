require("@spanledger/register");
const { createStep, createWorkflow } = require("@mastra/core/workflows");
const { z } = require("zod");

void require("./mastra-app.cjs").run({ createStep, createWorkflow, z });
