/** The tracer of spans that the application makes through this package. */
import { type Tracer, trace } from "@opentelemetry/api";

const NAME = "@spanledger/api";
const VERSION = "0.1.0";

export function apiTracer(): Tracer {
  return trace.getTracer(NAME, VERSION);
}
