/**
 * The signature of a checkpoint as text: `slcp1.KEY.FACTS.SIGNATURE`.
 *
 * In: facts and keys. Out: the text, or the facts of a text that was verified. FACTS is canonical JSON
 * in base64url and is parsed only after SIGNATURE was found right. Pure. The form is stored: a change
 * to it needs a new first word.
 */
import { canonicalJson } from "./canonical-json.ts";
import { CheckpointError } from "./checkpoint-error.ts";
import type { CheckpointSigner, CheckpointVerifier } from "./checkpoint-keys.ts";

/** What is signed. */
export interface TokenFacts {
  readonly id: string;
  readonly workspace: string;
  readonly workflow: string;
  readonly run: string;
  readonly sequence: number;
  /** Last part of the previous checkpoint's token; empty for the first. */
  readonly previous: string;
  readonly codeVersion: string;
  /** SHA-256 of the state, hex. */
  readonly state: string;
}

const FORMAT = "slcp1";

/** Keeps these signatures apart from all others that the same key may make. */
const DOMAIN = "spanledger checkpoint v1";

/** Longest fact, in characters: far more than any id, and bounds what a stranger's token costs. */
const FACT_CHARS_MAX = 512;

/** Longest token, in characters: eight facts of six bytes a character, in base64. */
const TOKEN_CHARS_MAX = 40_960;

const TOKEN = /^slcp1\.([A-Za-z0-9_:-]{1,64})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/** @throws {CheckpointError} `CHECKPOINT_FACT_REFUSED` */
export function makeToken(facts: TokenFacts, signer: CheckpointSigner): string {
  for (const [name, fact] of Object.entries(facts)) {
    const whole = typeof fact !== "number" || (Number.isSafeInteger(fact) && fact >= 0);
    const short = typeof fact !== "string" || (fact.length <= FACT_CHARS_MAX && isWellFormed(fact));
    if (!whole || !short) {
      throw new CheckpointError("CHECKPOINT_FACT_REFUSED", `${name} cannot be signed`);
    }
  }
  const payload = Buffer.from(canonicalJson(facts));
  const signature = Buffer.from(signer.signs(signedBytes(signer.keyId, payload)));
  return [
    FORMAT,
    signer.keyId,
    payload.toString("base64url"),
    signature.toString("base64url"),
  ].join(".");
}

/**
 * Verify a token, then read it.
 *
 * @throws {CheckpointError} `CHECKPOINT_UNSIGNED`, `CHECKPOINT_MALFORMED`, `CHECKPOINT_KEY_UNKNOWN`,
 *   `CHECKPOINT_FORGED`
 */
export function readToken(
  token: unknown,
  verifier: CheckpointVerifier,
): { readonly facts: TokenFacts; readonly keyId: string } {
  if (token === undefined || token === null || token === "") {
    throw new CheckpointError("CHECKPOINT_UNSIGNED", "the checkpoint has no signature");
  }
  const match = typeof token === "string" && token.length <= TOKEN_CHARS_MAX && TOKEN.exec(token);
  const [, keyId, payloadText, signatureText] = match || [];
  if (keyId === undefined || payloadText === undefined || signatureText === undefined) {
    throw new CheckpointError("CHECKPOINT_MALFORMED", "this is no signature of a checkpoint");
  }
  const payload = Buffer.from(payloadText, "base64url");
  const signature = Buffer.from(signatureText, "base64url");
  const right = verifier.verifies(keyId, signedBytes(keyId, payload), signature);
  if (right === undefined) {
    throw new CheckpointError("CHECKPOINT_KEY_UNKNOWN", "the checkpoint's key is not accepted");
  }
  // Base64 has several texts for the same bytes; only the one that was made is right.
  const exact =
    payload.toString("base64url") === payloadText &&
    signature.toString("base64url") === signatureText;
  if (!right || !exact) {
    throw new CheckpointError("CHECKPOINT_FORGED", "the checkpoint's signature is wrong");
  }
  return { facts: JSON.parse(payload.toString("utf8")) as TokenFacts, keyId };
}

/** What a token is called in the next one: its last part. */
export function signaturePart(token: string | null): string {
  return token === null ? "" : token.slice(token.lastIndexOf(".") + 1);
}

function signedBytes(keyId: string, payload: Uint8Array): Uint8Array {
  // Neither the domain nor a key's id holds a line break, so no two inputs share these bytes.
  return Buffer.concat([Buffer.from(`${DOMAIN}\n${keyId}\n`), payload]);
}

function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
