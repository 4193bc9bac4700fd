/**
 * The same calls of a model below one instrumentation, sent with OpenTelemetry's own exporters.
 *
 * Argument: whose instrumentation. Environment: OTEL_EXPORTER_OTLP_ENDPOINT, OPENAI_BASE_URL.
 * Prints what the calls gave, so that all can be seen to do the same.
 */
"use strict";
const { createRequire } = require("node:module");
const { metrics, trace } = require("@opentelemetry/api");
const {
  loggerProvider,
  serviceName: dialect,
  shutdown,
  tracerProvider,
} = require("./exporting.cjs");

/** The newest that all of them support. */
const library = require("openai-6");

const { OpenAI } = library;
const LOOKUP = {
  name: "lookup",
  description: "an order",
  parameters: { type: "object", properties: { id: { type: "number" } } },
};
const TOOLS = [{ type: "function", function: LOOKUP }];
const tracer = trace.getTracer("application");

/** A chain with a tool in it, as each package names them; without one, spans as they are sent. */
const CHAINS = {
  openinference: () => {
    // It comes with the instrumentation.
    const near = createRequire(require.resolve("@arizeai/openinference-instrumentation-openai"));
    const { traceChain, traceTool } = near("@arizeai/openinference-core");
    return (name, tool, body) =>
      traceChain(() => body(traceTool(tool, { name: "lookup" })), { name })({ order: 7 });
  },
  traceloop: () => (name, tool, body) => {
    const kinds = (kind, entity) => ({
      "traceloop.span.kind": kind,
      "traceloop.entity.name": entity,
      "traceloop.workflow.name": name,
    });
    const traced = (id) =>
      tracer.startActiveSpan("lookup.tool", { attributes: kinds("tool", "lookup") }, (span) => {
        const result = tool(id);
        span.setAttribute("traceloop.entity.input", JSON.stringify({ args: [id], kwargs: {} }));
        span.setAttribute("traceloop.entity.output", JSON.stringify(result));
        span.end();
        return result;
      });
    return tracer.startActiveSpan(
      `${name}.workflow`,
      { attributes: kinds("workflow", name) },
      async (span) => {
        const result = await body(traced);
        span.end();
        return result;
      },
    );
  },
};

/** What an instrumentation wants to be patched. */
const INSTRUMENTATIONS = {
  spanledger: (OpenAI) => {
    const { OpenAIInstrumentation } = require("@spanledger/instrumentation-openai");
    new OpenAIInstrumentation().manuallyInstrument({ OpenAI });
  },
  openinference: (OpenAI) => {
    const { OpenAIInstrumentation } = require("@arizeai/openinference-instrumentation-openai");
    new OpenAIInstrumentation({ tracerProvider }).manuallyInstrument(OpenAI);
  },
  traceloop: (OpenAI) => {
    const { OpenAIInstrumentation } = require("@traceloop/instrumentation-openai");
    const instrumentation = new OpenAIInstrumentation();
    instrumentation.setTracerProvider(tracerProvider);
    instrumentation.manuallyInstrument(OpenAI);
  },
  opentelemetry: (_, exports) => {
    const { OpenAIInstrumentation } = require("@opentelemetry/instrumentation-openai");
    const instrumentation = new OpenAIInstrumentation({ captureMessageContent: true });
    instrumentation.setTracerProvider(tracerProvider);
    instrumentation.setLoggerProvider(loggerProvider);
    instrumentation.setMeterProvider(metrics.getMeterProvider());
    // It has no other way in for a module of another name.
    instrumentation.init()[0].patch(exports);
  },
};

async function main() {
  INSTRUMENTATIONS[dialect](OpenAI, library);
  const client = new OpenAI({ apiKey: "unused", maxRetries: 0 });
  const chat = (body) => client.chat.completions.create({ model: "gpt-x", ...body });
  const said = [];
  const user = { role: "user", content: "Write to anna@example.com" };
  const system = { role: "system", content: "Be brief" };
  const first = await chat({ temperature: 0.5, max_tokens: 50, messages: [system, user] });
  said.push(first.choices[0].message.content);
  const asked = await chat({ messages: [user], tools: TOOLS });
  said.push(asked.choices[0].message.tool_calls[0].function.arguments);
  const options = { include_usage: true };
  const stream = await client.chat.completions.create({
    model: "gpt-x",
    stream: true,
    stream_options: options,
    messages: [user],
  });
  for await (const chunk of stream) {
    said.push(chunk.choices[0]?.delta.content ?? "");
  }
  await client.embeddings.create({ model: "embed-x", input: "Hi" });
  said.push(await chat({ model: "gpt-refused", messages: [user] }).catch(({ status }) => status));
  const chain = CHAINS[dialect]?.();
  if (chain !== undefined) {
    said.push(
      await chain(
        "refund",
        (id) => ({ order: id }),
        async (lookup) => {
          await chat({ messages: [user] });
          return (await lookup(7)).order;
        },
      ),
    );
  }
  process.stdout.write(`${said.join("|")}\n`);
  await shutdown();
}

void main();
