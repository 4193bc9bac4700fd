/** The tracer of the middlewares, which work without the instrumentation being registered. */
import { type Tracer, trace } from "@opentelemetry/api";

export const NAME = "@spanledger/instrumentation-http";
export const VERSION = "0.1.0";

export function httpTracer(): Tracer {
  return trace.getTracer(NAME, VERSION);
}
