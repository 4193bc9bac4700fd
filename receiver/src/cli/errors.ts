/**
 * Errors of the CLI and the exit code of each.
 */
import { StageError } from "../base/errors.ts";

/** Exit codes, the same for every command. */
export const EXIT = { found: 0, nothing: 1, usage: 2, failure: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export type CliErrorCode =
  | "CLI_NOTHING"
  | "CLI_USAGE"
  | "CLI_UNREACHABLE"
  | "CLI_TIMEOUT"
  | "CLI_ANSWER"
  | "CLI_UNHEALTHY";

const EXIT_OF: Readonly<Record<CliErrorCode, ExitCode>> = {
  CLI_NOTHING: EXIT.nothing,
  CLI_USAGE: EXIT.usage,
  CLI_UNREACHABLE: EXIT.failure,
  CLI_TIMEOUT: EXIT.failure,
  CLI_ANSWER: EXIT.failure,
  CLI_UNHEALTHY: EXIT.failure,
};

/** A command that found nothing, was mistyped, or failed. */
export class CliError extends StageError<CliErrorCode> {
  readonly exitCode: ExitCode;

  constructor(code: CliErrorCode, message: string, cause?: unknown) {
    super(code, message, {
      retryable: code === "CLI_UNREACHABLE" || code === "CLI_TIMEOUT",
      cause,
    });
    this.exitCode = EXIT_OF[code];
  }
}
