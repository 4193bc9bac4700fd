// An MCP server on standard input and output; its tool answers with the context that it got.
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";

const server = new McpServer({ name: "stdio-server", version: "1" });
server.registerTool("meta", {}, ({ _meta }) => ({
  content: [{ type: "text", text: JSON.stringify(_meta ?? null) }],
}));
await server.connect(new StdioServerTransport());
