// A workflow of Mastra with a branch, an agent and a pause, and one that fails, sent by Mastra's own
// export.
//
// Environment: OTEL_EXPORTER_OTLP_ENDPOINT, OPENAI_BASE_URL. It knows nothing of Spanledger.
import { Mastra } from "@mastra/core";
import { Agent } from "@mastra/core/agent";
import { InMemoryStore } from "@mastra/core/storage";
import { createTool } from "@mastra/core/tools";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { Observability } from "@mastra/observability";
import { OtelExporter } from "@mastra/otel-exporter";
import { z } from "zod";

const schemas = { inputSchema: z.any(), outputSchema: z.any() };
const step = (id, execute, options = {}) => createStep({ id, ...schemas, ...options, execute });

const lookup = createTool({
  id: "lookup",
  description: "an order",
  inputSchema: z.object({ id: z.number() }),
  execute: async () => ({ order: 7 }),
});

const helper = new Agent({
  id: "helper",
  name: "helper",
  instructions: "Be brief",
  model: { id: "openai/gpt-x", url: process.env.OPENAI_BASE_URL, apiKey: "unused" },
  tools: { lookup },
});

const workflow = createWorkflow({ id: "refund", ...schemas })
  .then(step("classify", async ({ inputData }) => inputData))
  .branch(
    [
      [
        async ({ inputData }) => inputData.score > 0.5,
        step("ask", async ({ mastra, tracingContext }) => {
          const prompt = "Write to anna@example.com about order 7";
          const answer = await mastra.getAgent("helper").generate(prompt, { tracingContext });
          return { text: answer.text };
        }),
      ],
      [async ({ inputData }) => inputData.score <= 0.5, step("reject", async () => ({}))],
    ],
    { id: "by_score" },
  )
  .then(
    step(
      "approve",
      async ({ resumeData, suspend }) =>
        resumeData === undefined ? await suspend({ question: "refund?" }) : { approved: true },
      { suspendSchema: z.any(), resumeSchema: z.any() },
    ),
  )
  .commit();

const failing = createWorkflow({ id: "failing", ...schemas })
  .then(
    step("charge", async () => {
      throw new RangeError("no such card");
    }),
  )
  .commit();

const endpoint = `${process.env.OTEL_EXPORTER_OTLP_ENDPOINT}/v1/traces`;
const mastra = new Mastra({
  workflows: { refund: workflow, failing },
  agents: { helper },
  storage: new InMemoryStore(),
  logger: false,
  observability: new Observability({
    configs: {
      otel: {
        serviceName: "mastra-export",
        exporters: [
          new OtelExporter({ provider: { custom: { endpoint, protocol: "http/protobuf" } } }),
        ],
      },
    },
  }),
});
const run = await mastra.getWorkflow("refund").createRun();
const { status } = await run.start({ inputData: { score: 0.9 } });
const resumed = await run.resume({ step: "approve", resumeData: { approved: true } });
const failed = await (await mastra.getWorkflow("failing").createRun()).start({ inputData: {} });
process.stdout.write(`${status} ${resumed.status} ${failed.status}\n`);
await mastra.observability.shutdown();
