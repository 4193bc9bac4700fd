// The workflow in Mastra; who and why come from the environment.
import "@spanledger/register";
import { Mastra } from "@mastra/core";
import { InMemoryStore } from "@mastra/core/storage";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { z } from "zod";
import { ANSWER, classify, isHigh, isLow, lookup, REQUESTS, refund, say } from "./parity-parts.mjs";

const schemas = { inputSchema: z.any(), outputSchema: z.any() };
const step = (id, execute, options = {}) => createStep({ id, ...schemas, ...options, execute });

const approve = step(
  "approve",
  async ({ inputData, resumeData, suspend }) =>
    resumeData === undefined ? await suspend({ question: "refund?" }) : inputData.lookup,
  { suspendSchema: z.any(), resumeSchema: z.any() },
);

const workflow = createWorkflow({ id: "refund", ...schemas })
  .then(step("classify", ({ inputData }) => classify(inputData)))
  .branch(
    [
      [
        async ({ inputData }) => isHigh(inputData),
        step("lookup", ({ inputData }) => lookup(inputData), { retries: 1 }),
      ],
      [async ({ inputData }) => isLow(inputData), step("reject", async () => ({}))],
    ],
    { id: "by_label" },
  )
  .then(approve)
  .then(step("refund", ({ inputData }) => refund(inputData)))
  .commit();

const mastra = new Mastra({
  workflows: { refund: workflow },
  storage: new InMemoryStore(),
  logger: false,
});
for (const inputData of REQUESTS) {
  const run = await mastra.getWorkflow("refund").createRun();
  const { status } = await run.start({ inputData });
  say(status);
  if (status !== "suspended") continue;
  const resumed = await run.resume({ step: "approve", resumeData: ANSWER });
  say(`${resumed.status} ${JSON.stringify(resumed.result)}`);
}
