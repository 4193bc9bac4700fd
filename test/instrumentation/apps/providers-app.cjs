"use strict";

/**
 * One run that asks a model twice, the second time for a raw stream, and calls a tool of an MCP
 * server, whichever way it is loaded.
 *
 * @param {object} libraries the modules, as the application's module system gave them
 * @param {readonly string[]} argv base URL of the provider, path of the MCP server
 */
async function run({ Anthropic, Client, StdioClientTransport }, [, , baseURL, serverPath]) {
  const anthropic = new Anthropic({ apiKey: "unused", baseURL });
  const messages = [{ role: "user", content: "Hello" }];
  const answer = await anthropic.messages.create({ model: "claude-x", max_tokens: 9, messages });
  const request = { model: "claude-streams", max_tokens: 9, messages, stream: true };
  const events = [];
  for await (const { type } of await anthropic.messages.create(request)) events.push(type);
  const client = new Client({ name: "app", version: "1" });
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [serverPath], stderr: "ignore" }),
  );
  const result = await client.callTool({ name: "meta" });
  await client.close();
  const traced = JSON.parse(result.content[0].text)?.traceparent !== undefined;
  process.stdout.write(
    `${answer.content[0].text} ${events.length} ${traced ? "traced" : "not traced"}\n`,
  );
}

module.exports = { run };
