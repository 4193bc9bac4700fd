/**
 * Log lines about refused requests, without content.
 *
 * In: an error. Side effect: one line in the injected log.
 */
import type { OtlpError } from "./errors.ts";
import type { OtlpLog } from "./types.ts";

/** One line for each refusal; a defect of ours is an error, with its cause. */
export function logRefusal(log: OtlpLog, error: OtlpError): void {
  const fields = { code: error.code, grpcStatus: error.grpcStatus, httpStatus: error.httpStatus };
  const defect = error.code === "OTLP_FAILED" || error.code === "OTLP_UNAVAILABLE";
  if (defect) log.error({ ...fields, cause: describeCause(error.cause) }, error.message);
  else log.warn(fields, error.message);
}

/** Name and code only: the message of a foreign error may quote content. */
function describeCause(cause: unknown): object | undefined {
  if (!(cause instanceof Error)) return undefined;
  return { name: cause.name, code: Reflect.get(cause, "code"), stack: stackWithoutMessage(cause) };
}

function stackWithoutMessage(error: Error): string {
  return (error.stack ?? "")
    .split("\n")
    .filter((line) => line.trimStart().startsWith("at "))
    .join("\n");
}
