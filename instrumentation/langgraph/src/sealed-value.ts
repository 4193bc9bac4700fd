/**
 * A value of LangGraph as one signed text, and back.
 *
 * In: a value, the saver's own serializer, facts, keys. Out: text that any saver can store; or the
 * value, deserialized only after its signature was found right. No spans.
 */
import { CheckpointError, type CheckpointSigner, type VerifiedCheckpoint } from "@spanledger/api";
import {
  type CheckpointExpectation,
  type CheckpointFacts,
  type SignedCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
} from "@spanledger/api/internal";
import type { Serializer } from "./saver-types.ts";

/** First word of a sealed text. Stored: never rename. */
const FORMAT = "spanledger-sealed-1";

/** A value that was sealed. */
interface Sealed {
  readonly text: string;
  readonly signed: SignedCheckpoint;
}

/** Serialize and sign. The text is `FORMAT SIGNATURE TYPE BASE64`. */
export async function seal(
  value: unknown,
  serializer: Serializer,
  facts: CheckpointFacts,
  signer: CheckpointSigner,
): Promise<Sealed> {
  const [type, bytes] = await serializer.dumpsTyped(value);
  const signed = signCheckpoint(signedState(type, bytes), facts, signer);
  const text = [FORMAT, signed.signature, type, Buffer.from(bytes).toString("base64")].join(" ");
  return { text, signed };
}

/**
 * Verify, then deserialize.
 *
 * @throws {CheckpointError} as `checkpoint.verify`; `CHECKPOINT_UNSIGNED` for what was never sealed
 */
export async function open(
  sealed: unknown,
  serializer: Serializer,
  expected: CheckpointExpectation,
  signer: CheckpointSigner,
): Promise<{ readonly value: unknown; readonly verified: VerifiedCheckpoint }> {
  const { signature, type, bytes } = split(sealed);
  const verified = verifyCheckpoint(signedState(type, bytes), signature, expected, signer);
  return { value: await serializer.loadsTyped(type, bytes), verified };
}

/** The signature of a sealed text, unverified; null where there is none. */
export function signatureOf(sealed: unknown): string | null {
  try {
    return split(sealed).signature;
  } catch {
    return null;
  }
}

function split(sealed: unknown) {
  if (typeof sealed !== "string" || !sealed.startsWith(`${FORMAT} `)) {
    throw new CheckpointError("CHECKPOINT_UNSIGNED", "the checkpoint has no signature");
  }
  const [, signature, type, base64, ...more] = sealed.split(" ");
  if (signature === undefined || type === undefined || base64 === undefined || more.length > 0) {
    throw new CheckpointError("CHECKPOINT_MALFORMED", "this is no signed checkpoint");
  }
  return { signature, type, bytes: Buffer.from(base64, "base64") };
}

/** The type is signed as well: it says how the bytes are read. */
function signedState(type: string, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${type}\n`), bytes]);
}
