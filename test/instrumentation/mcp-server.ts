/**
 * A real MCP server for tests, over memory or HTTP, with tools that answer, fail and return more
 * than text.
 */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

export interface RunningMcpServer {
  readonly server: McpServer;
  /** `params._meta` of the calls of tool `lookup` so far. */
  readonly metas: unknown[];
}

export function createMcpServer(): RunningMcpServer {
  const server = new McpServer({ name: "orders", version: "1.2.3" });
  const metas: unknown[] = [];
  server.registerTool(
    "lookup",
    { inputSchema: shape({ id: z.number() }) },
    answerWith(({ id }, { _meta }) => {
      metas.push(_meta);
      return { content: [{ type: "text", text: `order ${id}` }] };
    }),
  );
  server.registerTool("picture", {}, () => ({
    content: [{ type: "image", data: "AAAA", mimeType: "image/png" }],
  }));
  server.registerTool("total", { outputSchema: shape({ total: z.number() }) }, () => ({
    content: [{ type: "text", text: '{"total":3}' }],
    structuredContent: { total: 3 },
  }));
  server.registerTool("fails", {}, () => {
    throw new RangeError("no such order");
  });
  server.registerPrompt("greet", {}, () => ({
    messages: [{ role: "user", content: { type: "text", text: "Hello" } }],
  }));
  server.registerResource("readme", "file:///readme.md", {}, (uri) => ({
    contents: [{ uri: uri.href, text: "Read me" }],
  }));
  return { server, metas };
}

/** The package's types are of another copy of zod than ours; its code takes both. */
function shape(fields: object): never {
  return fields as never;
}

function answerWith(
  answer: (input: { readonly id: number }, extra: { readonly _meta?: unknown }) => object,
): never {
  return answer as never;
}

export interface HttpMcpServer extends RunningMcpServer {
  readonly url: URL;
  close(): Promise<void>;
}

/** The same server over streamable HTTP. */
export async function startHttpMcpServer(): Promise<HttpMcpServer> {
  const running = createMcpServer();
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID });
  await running.server.connect(transport as never);
  const http = createServer((request, response) => {
    void transport.handleRequest(request, response);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const close = async (): Promise<void> => {
    await running.server.close();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  };
  return { ...running, url: new URL(`http://127.0.0.1:${port}/mcp`), close };
}
