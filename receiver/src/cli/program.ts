/**
 * The command line: `serve`, and the commands that ask the API.
 *
 * In: arguments, environment, streams. Out: an exit code (0 found, 1 nothing, 2 usage, 3 failure).
 * Side effects: HTTP requests to the API, text on the given streams.
 */
import { Command, CommanderError, Option } from "commander";
import { escapeControls } from "../query/escape.ts";
import { addDefinitionCommand } from "./commands/definition.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addQueryCommand } from "./commands/query.ts";
import { addRunCommands } from "./commands/run.ts";
import { addRunsCommand } from "./commands/runs.ts";
import { CliError, EXIT } from "./errors.ts";
import type { CliDeps, ServeOptions } from "./types.ts";

const EXIT_CODES = `
Exit codes: 0 found, 1 nothing found, 2 wrong usage, 3 failure (no server, no answer).
Environment: SPANLEDGER_URL (default http://127.0.0.1:8686), SPANLEDGER_TOKEN, NO_COLOR.`;

/** An exit code that `serve` asked for. */
class ServeExit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/**
 * Build the program. Its actions reject with {@link CliError} or commander's own error; use
 * {@link runCli} for exit codes and messages.
 */
export function buildProgram(deps: CliDeps): Command {
  const program = new Command("spanledger")
    .description("The flight recorder for AI workflows: record, keep, and answer.")
    .version(deps.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .showHelpAfterError("(add --help for the options)")
    .showSuggestionAfterError()
    .addHelpText("after", EXIT_CODES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void deps.stdout.write(text),
      writeErr: (text) => void deps.stderr.write(text),
      getOutHelpWidth: () => deps.stdout.columns ?? 100,
      getErrHelpWidth: () => deps.stderr.columns ?? 100,
      // Arguments come back in messages; a terminal must not act on what they hold.
      outputError: (text, write) => write(escapeControls(text, "keep lines")),
    });
  program
    .command("serve")
    .description("run the receiver, the API and, unless a URL is configured, ClickHouse")
    .addOption(new Option("-c, --config <file>", "configuration file"))
    .action(async (options: ServeOptions) => {
      const code = await deps.serve(options);
      if (code !== 0) throw new ServeExit(code);
    });
  addRunsCommand(program, deps);
  addRunCommands(program, deps);
  addDefinitionCommand(program, deps);
  addQueryCommand(program, deps);
  addDoctorCommand(program, deps);
  return program;
}

/**
 * Run the program.
 *
 * @param args arguments after the program's name
 * @returns the exit code; never rejects
 */
export async function runCli(args: readonly string[], deps: CliDeps): Promise<number> {
  const program = buildProgram(deps);
  if (args.length === 0) {
    deps.stderr.write(program.helpInformation());
    return EXIT.usage;
  }
  try {
    await program.parseAsync([...args], { from: "user" });
    return EXIT.found;
  } catch (error) {
    return report(error, deps);
  }
}

function report(error: unknown, deps: CliDeps): number {
  if (error instanceof ServeExit) return error.exitCode;
  // Commander has written its message; help and version end with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.found : EXIT.usage;
  const message = error instanceof Error ? error.message : String(error);
  deps.stderr.write(`spanledger: ${escapeControls(message, "keep lines")}\n`);
  return error instanceof CliError ? error.exitCode : EXIT.failure;
}
