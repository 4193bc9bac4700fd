/**
 * The base of every error class of a stage.
 *
 * A message names the field and the fix and never holds content of a record.
 */

/** What a subclass passes on. */
export interface StageErrorOptions {
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  readonly cause?: unknown;
}

/** An error with a stable code on which callers branch. */
export abstract class StageError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly retryable: boolean;

  constructor(code: Code, message: string, options: StageErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable;
  }
}
