/**
 * What the CLI takes from outside, so that it can be tested without a process.
 */

/** A place to write to: a stream of the process, or a test's. */
interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal, in columns. */
  readonly columns?: number | undefined;
}

/** Options of `spanledger serve`. */
export interface ServeOptions {
  /** Path of the configuration file. */
  readonly config?: string;
}

/** Everything the program needs. */
export interface CliDeps {
  /** Runs the server until it is told to stop; resolves to the exit code. */
  readonly serve: (options: ServeOptions) => Promise<number>;
  readonly version: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof fetch;
}

/** Output formats. */
export const FORMATS = ["table", "json", "csv"] as const;
export type Format = (typeof FORMATS)[number];

/** Options that every reading command has. */
export interface SharedOptions {
  readonly format: Format;
  readonly url?: string;
  readonly token?: string;
}
