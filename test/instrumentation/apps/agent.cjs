/**
 * An agent of LangChain with a tool that a person must allow. It knows nothing of Spanledger. The
 * libraries come in as arguments, so that the same code runs as ES module and as CommonJS.
 */
"use strict";

async function run({ langchain, langgraph, openai, z }, [, , baseURL]) {
  const { createAgent, humanInTheLoopMiddleware, tool } = langchain;
  const lookup = tool(async ({ id }) => `order ${id}`, {
    name: "lookup",
    description: "Look an order up",
    schema: z.object({ id: z.number() }),
  });
  const agent = createAgent({
    name: "desk",
    model: new openai.ChatOpenAI({ model: "gpt-x", apiKey: "unused", configuration: { baseURL } }),
    tools: [lookup],
    middleware: [humanInTheLoopMiddleware({ interruptOn: { lookup: true } })],
    checkpointer: new langgraph.MemorySaver(),
  });
  const config = { configurable: { thread_id: "t-1" } };
  await agent.invoke({ messages: [{ role: "user", content: "Where is order 7?" }] }, config);
  const resume = { decisions: [{ type: "approve" }] };
  const { messages } = await agent.invoke(new langgraph.Command({ resume }), config);
  process.stdout.write(JSON.stringify(messages.map((one) => [one.getType(), one.content])));
}

module.exports = { run };
