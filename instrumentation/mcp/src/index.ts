/** `@spanledger/instrumentation-mcp`: see the README. */
export { MCP_VERSIONS, McpInstrumentation } from "./instrumentation.ts";
export type { McpInstrumentationConfig, McpModule } from "./types.ts";
