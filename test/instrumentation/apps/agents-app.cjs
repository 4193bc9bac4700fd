"use strict";

/**
 * One agent that calls a tool, whichever way the library is loaded.
 *
 * @param {object} libraries the modules, as the application's module system gave them
 * @param {readonly string[]} argv base URL of the provider
 */
async function run({ Agent, OpenAIProvider, Runner, setTraceProcessors, tool, z }, [, , baseURL]) {
  // As many applications do: nothing is sent to OpenAI's own tracing.
  setTraceProcessors([]);
  const modelProvider = new OpenAIProvider({ apiKey: "unused", baseURL });
  const lookup = tool({
    name: "lookup",
    description: "Look up an order",
    parameters: z.object({ id: z.string() }),
    execute: ({ id }) => `order ${id}`,
  });
  const agent = new Agent({ name: "helper", model: "gpt-agent", tools: [lookup] });
  const result = await new Runner({ modelProvider }).run(agent, "Where is order 7?");
  process.stdout.write(`${result.finalOutput}\n`);
}

module.exports = { run };
