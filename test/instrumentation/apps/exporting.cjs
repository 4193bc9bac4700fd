/**
 * OpenTelemetry's own SDK and exporters, for applications without ours; the first argument is the
 * service's name.
 */
"use strict";
const { context, trace } = require("@opentelemetry/api");
const { AsyncLocalStorageContextManager } = require("@opentelemetry/context-async-hooks");
const { OTLPLogExporter } = require("@opentelemetry/exporter-logs-otlp-proto");
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-proto");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { BatchLogRecordProcessor, LoggerProvider } = require("@opentelemetry/sdk-logs");
const { BatchSpanProcessor, TracerProvider } = require("@opentelemetry/sdk-trace");

const [, , serviceName] = process.argv;
const resource = resourceFromAttributes({ "service.name": serviceName });
const tracerProvider = new TracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
});
const loggerProvider = new LoggerProvider({
  resource,
  processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })],
});
trace.setGlobalTracerProvider(tracerProvider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

/** Send what is left. */
async function shutdown() {
  await tracerProvider.shutdown();
  await loggerProvider.shutdown();
}

module.exports = { loggerProvider, serviceName, shutdown, tracerProvider };
