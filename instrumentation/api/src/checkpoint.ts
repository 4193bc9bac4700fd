/**
 * `checkpoint`: state that leaves the process and comes back unchanged, or is refused.
 *
 * In: the state's bytes, the facts that it belongs to, keys. Out: a signature as text, or the facts
 * of a state that is exactly the one that was signed. Side effects: spans `save_checkpoint` and
 * `load_checkpoint`. Unlike the rest of this package it throws: what cannot be verified must not run.
 */
import { createHash } from "node:crypto";
import { type Attributes, type Span, SpanKind } from "@opentelemetry/api";
import { OTEL, SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { CheckpointError, type CheckpointErrorCode } from "./checkpoint-error.ts";
import {
  CheckpointSigner,
  type CheckpointSigningKey,
  type CheckpointVerificationKey,
  CheckpointVerifier,
} from "./checkpoint-keys.ts";
import { makeToken, readToken, signaturePart, type TokenFacts } from "./checkpoint-token.ts";
import { newId } from "./ids.ts";
import { recordError } from "./outcome.ts";
import { safely } from "./safely.ts";
import { activeRun } from "./scope.ts";
import { apiTracer } from "./tracer.ts";

/** Where a checkpoint belongs. */
export interface CheckpointScope {
  /** @default "" */
  readonly workspace?: string | undefined;
  readonly workflow: string;
  /** The run, or whatever the state belongs to across runs: a thread, a conversation. */
  readonly run: string;
}

/** What is signed beside the state. */
export interface CheckpointFacts extends CheckpointScope {
  /** The checkpoint's id. @default a new ULID */
  readonly id?: string | undefined;
  /** Whole number of at least 0 that grows with each checkpoint of the run. */
  readonly sequence: number;
  /** The signature of the checkpoint before, or `null` for the first. */
  readonly previous: string | null;
  /** Version of the code that made the state. @default "" */
  readonly codeVersion?: string | undefined;
}

/** What a checkpoint must be to be used. */
export interface CheckpointExpectation extends CheckpointScope {
  /** @default any */
  readonly id?: string | undefined;
  /** The highest sequence that was ever seen of this run; lower ones are refused. 0: nothing seen. */
  readonly minSequence: number;
  /** The signature that it must follow, `null` for none. @default any */
  readonly previous?: string | null | undefined;
  /** @default any */
  readonly codeVersions?: readonly string[] | undefined;
}

/** A state that was signed: keep the signature with it. */
export interface SignedCheckpoint {
  readonly id: string;
  /** `slcp1.KEY.FACTS.SIGNATURE`, ASCII, some 400 characters. */
  readonly signature: string;
  /** SHA-256 of the state, hex. */
  readonly sha256: string;
}

/** A state that is the one that was signed. */
export interface VerifiedCheckpoint extends Required<CheckpointScope> {
  readonly id: string;
  readonly sequence: number;
  readonly codeVersion: string;
  readonly keyId: string;
  readonly sha256: string;
}

/** Signing and verifying checkpoints. */
export const checkpoint: {
  /** Keys to sign with. @throws {CheckpointError} `CHECKPOINT_KEY_REFUSED` */
  readonly signer: (
    current: CheckpointSigningKey,
    alsoAccepted?: readonly CheckpointVerificationKey[],
  ) => CheckpointSigner;
  /** Keys to verify with. @throws {CheckpointError} `CHECKPOINT_KEY_REFUSED` */
  readonly verifier: (keys: readonly CheckpointVerificationKey[]) => CheckpointVerifier;
  /** Sign a state before it is stored. @throws {CheckpointError} `CHECKPOINT_FACT_REFUSED` */
  readonly sign: (
    state: Uint8Array | string,
    facts: CheckpointFacts,
    signer: CheckpointSigner,
  ) => SignedCheckpoint;
  /**
   * Verify a state before it is parsed.
   *
   * @param signature what {@link sign} gave; anything else, `undefined` included, is refused
   * @throws {CheckpointError} every code but `CHECKPOINT_KEY_REFUSED` and `CHECKPOINT_FACT_REFUSED`
   */
  readonly verify: (
    state: Uint8Array | string,
    signature: unknown,
    expected: CheckpointExpectation,
    verifier: CheckpointVerifier,
  ) => VerifiedCheckpoint;
} = {
  signer: (current, alsoAccepted) => new CheckpointSigner(current, alsoAccepted),
  verifier: (keys) => new CheckpointVerifier(keys),
  sign: (state, facts, signer) => {
    const signed = signCheckpoint(state, facts, signer);
    recordSave(signed, facts.sequence, signer.keyId);
    return signed;
  },
  verify: (state, signature, expected, verifier) => {
    try {
      const verified = verifyCheckpoint(state, signature, expected, verifier);
      recordLoad(verified);
      return verified;
    } catch (error) {
      recordRefusal(error, expected.id);
      throw error;
    }
  },
};

/** {@link checkpoint.sign} without the span. */
export function signCheckpoint(
  state: Uint8Array | string,
  facts: CheckpointFacts,
  signer: CheckpointSigner,
): SignedCheckpoint {
  const id = facts.id ?? newId();
  const sha256 = digest(state);
  const signature = makeToken(
    {
      id,
      workspace: facts.workspace ?? "",
      workflow: facts.workflow,
      run: facts.run,
      sequence: facts.sequence,
      previous: signaturePart(facts.previous),
      codeVersion: facts.codeVersion ?? "",
      state: sha256,
    },
    signer,
  );
  return { id, signature, sha256 };
}

/** {@link checkpoint.verify} without the span. */
export function verifyCheckpoint(
  state: Uint8Array | string,
  signature: unknown,
  expected: CheckpointExpectation,
  verifier: CheckpointVerifier,
): VerifiedCheckpoint {
  const { facts, keyId } = readToken(signature, verifier);
  const problem = problemOf(facts, state, expected);
  if (problem !== undefined) throw new CheckpointError(...problem);
  const { id, workspace, workflow, run, sequence, codeVersion, state: sha256 } = facts;
  return { id, workspace, workflow, run, sequence, codeVersion, keyId, sha256 };
}

function problemOf(
  facts: TokenFacts,
  state: Uint8Array | string,
  expected: CheckpointExpectation,
): readonly [CheckpointErrorCode, string] | undefined {
  const { id, workspace = "", workflow, run, minSequence, previous, codeVersions } = expected;
  if (facts.state !== digest(state)) {
    return ["CHECKPOINT_STATE_CHANGED", "the state is not the one that was signed"];
  }
  const here = facts.workspace === workspace && facts.workflow === workflow && facts.run === run;
  if (!here || (id !== undefined && facts.id !== id)) {
    return ["CHECKPOINT_ELSEWHERE", "the checkpoint belongs to another place"];
  }
  // Written so that NaN refuses.
  if (!(facts.sequence >= minSequence)) {
    return ["CHECKPOINT_OLD", "a newer checkpoint was seen"];
  }
  if (previous !== undefined && facts.previous !== signaturePart(previous)) {
    return ["CHECKPOINT_CHAIN_BROKEN", "the checkpoint follows another one"];
  }
  if (codeVersions !== undefined && !codeVersions.includes(facts.codeVersion)) {
    return ["CHECKPOINT_CODE_VERSION_REFUSED", "other code made the checkpoint"];
  }
  return undefined;
}

function digest(state: Uint8Array | string): string {
  return createHash("sha256").update(state).digest("hex");
}

/** Record that a state was signed. */
export function recordSave(signed: SignedCheckpoint, sequence: number, keyId: string): void {
  record(SPAN_NAME.saveCheckpoint, {
    [WORKFLOW.checkpointId]: signed.id,
    [WORKFLOW.checkpointSequence]: sequence,
    [WORKFLOW.checkpointSha256]: signed.sha256,
    [WORKFLOW.checkpointKeyId]: keyId,
  });
}

/**
 * Record that a state was loaded and is the one that was signed.
 *
 * @param engine for a load before an engine knows which run it resumes: the id of the run that made
 *   the state counts outside of a run, and inside the span waits for the run's ids
 */
export function recordLoad(
  verified: VerifiedCheckpoint,
  engine?: { readonly madeBy: string | undefined },
): void {
  const run = engine === undefined ? undefined : safely(() => activeRun());
  const madeBy = run === undefined ? engine?.madeBy : undefined;
  record(
    SPAN_NAME.loadCheckpoint,
    {
      [WORKFLOW.checkpointId]: verified.id,
      [WORKFLOW.checkpointSequence]: verified.sequence,
      [WORKFLOW.checkpointSha256]: verified.sha256,
      [WORKFLOW.checkpointKeyId]: verified.keyId,
      [WORKFLOW.checkpointVerified]: true,
      ...(madeBy === undefined ? {} : { [WORKFLOW.runId]: madeBy }),
    },
    (span) => (run === undefined ? span.end() : run.endWithIds(span)),
  );
}

/** Record that a state was refused. The conventions require an id; where none is known it is `unknown`. */
export function recordRefusal(error: unknown, id: string | undefined): void {
  record(
    SPAN_NAME.loadCheckpoint,
    { [WORKFLOW.checkpointId]: id ?? "unknown", [WORKFLOW.checkpointVerified]: false },
    (span) => {
      recordError(span, error);
      if (error instanceof CheckpointError) span.setAttribute(OTEL.errorType, error.code);
      span.end();
    },
  );
}

function record(
  name: string,
  attributes: Attributes,
  end: (span: Span) => void = (span) => span.end(),
): void {
  // The time is given: a span that is ended later would end before a start of finer resolution.
  const options = { kind: SpanKind.INTERNAL, attributes, startTime: Date.now() };
  safely(() => end(apiTracer().startSpan(name, options)));
}
