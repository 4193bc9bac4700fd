// A workflow of Mastra with a branch; the caller hands in what it loaded.
exports.run = async ({ createStep, createWorkflow, z }) => {
  const schemas = { inputSchema: z.any(), outputSchema: z.any() };
  const step = (id) => createStep({ id, ...schemas, execute: async ({ inputData }) => inputData });
  const workflow = createWorkflow({ id: "triage", ...schemas })
    .then(step("classify"))
    .branch([
      [async ({ inputData }) => inputData.score > 0.5, step("accept")],
      [async ({ inputData }) => inputData.score <= 0.5, step("reject")],
    ])
    .commit();
  const run = await workflow.createRun();
  const { status, result } = await run.start({ inputData: { score: 0.9 } });
  process.stdout.write(`${status} ${JSON.stringify(result)}\n`);
};
