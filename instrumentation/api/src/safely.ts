/**
 * The guard between telemetry and the application: what fails here is told to OpenTelemetry's
 * diagnostics and never thrown.
 */
import { diag } from "@opentelemetry/api";

/**
 * Run telemetry code.
 *
 * @returns what it returns, or undefined when it threw
 */
export function safely<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    try {
      diag.error(
        `spanledger: telemetry failed: ${error instanceof Error ? error.name : "unknown"}`,
      );
    } catch {
      // The diagnostics logger is the application's; it may throw as well.
    }
    return undefined;
  }
}
