// An SDK of the application's own, for ES modules: OpenTelemetry's hook, then the SDK, then the
// application, by `node --import`. At the end it says on standard error what was recorded.
import { register } from "node:module";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace";
import { RunSpanProcessor } from "@spanledger/api";
import { AnthropicSpanProcessor } from "@spanledger/instrumentation-anthropic";
import { BullMQInstrumentation } from "@spanledger/instrumentation-bullmq";
import { LangChainInstrumentation } from "@spanledger/instrumentation-langchain";
import { LangGraphInstrumentation } from "@spanledger/instrumentation-langgraph";
import { MastraInstrumentation } from "@spanledger/instrumentation-mastra";
import { McpInstrumentation } from "@spanledger/instrumentation-mcp";
import { OpenAIInstrumentation } from "@spanledger/instrumentation-openai";
import { OpenAIAgentsInstrumentation } from "@spanledger/instrumentation-openai-agents";

register("@opentelemetry/instrumentation/hook.mjs", import.meta.url);
const exporter = new InMemorySpanExporter();
new NodeSDK({
  spanProcessors: [
    new RunSpanProcessor(),
    new AnthropicSpanProcessor(),
    new SimpleSpanProcessor({ exporter }),
  ],
  instrumentations: [
    new BullMQInstrumentation(),
    new LangChainInstrumentation(),
    new LangGraphInstrumentation(),
    new MastraInstrumentation(),
    new McpInstrumentation(),
    new OpenAIInstrumentation(),
    new OpenAIAgentsInstrumentation(),
  ],
  autoDetectResources: false,
  metricReaders: [],
  logRecordProcessors: [],
}).start();
process.on("exit", () => {
  for (const { name } of exporter.getFinishedSpans()) process.stderr.write(`${name}\n`);
});
