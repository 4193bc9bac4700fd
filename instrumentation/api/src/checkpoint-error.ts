/**
 * Why a checkpoint was refused, or keys were: stable codes, messages without content.
 */

/** What can be wrong; every code is final, trying again does not help. */
export type CheckpointErrorCode =
  /** A key is too short, of the wrong kind, or its id is not 1 to 64 of `A-Za-z0-9_:-`, or is twice. */
  | "CHECKPOINT_KEY_REFUSED"
  /** A fact to be signed is too long, or the sequence is no whole number of at least 0. */
  | "CHECKPOINT_FACT_REFUSED"
  /** There is no signature. */
  | "CHECKPOINT_UNSIGNED"
  /** The signature does not have the form of one. */
  | "CHECKPOINT_MALFORMED"
  /** It names a key that is not accepted (any more). */
  | "CHECKPOINT_KEY_UNKNOWN"
  /** It was not made with that key over these facts. */
  | "CHECKPOINT_FORGED"
  /** The state is not the one that was signed. */
  | "CHECKPOINT_STATE_CHANGED"
  /** It belongs to another workspace, workflow, run or checkpoint. */
  | "CHECKPOINT_ELSEWHERE"
  /** It is older than one that was seen. */
  | "CHECKPOINT_OLD"
  /** One that was seen is gone. */
  | "CHECKPOINT_MISSING"
  /** It does not follow the checkpoint that it should. */
  | "CHECKPOINT_CHAIN_BROKEN"
  /** It was made by a version of the code that is not accepted. */
  | "CHECKPOINT_CODE_VERSION_REFUSED";

/** A checkpoint that must not be used. Branch on {@link code}. */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";
  readonly code: CheckpointErrorCode;
  readonly retryable = false;

  constructor(code: CheckpointErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
