import "@spanledger/register";

const [langgraph, { tool }, { default: OpenAI }, { z }, { run }] = await Promise.all([
  import("@langchain/langgraph"),
  import("@langchain/core/tools"),
  import("openai"),
  import("zod"),
  import("./refund-app.cjs"),
]);

await run({ langgraph, tool, z, OpenAI: OpenAI }, process.argv);
