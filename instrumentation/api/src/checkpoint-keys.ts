/**
 * Keys that sign and verify checkpoints.
 *
 * In: secrets and keys of the application. Out: a MAC or signature, or whether one is right. The
 * keys stand in private fields, so that no log line and no JSON shows them.
 */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from "node:crypto";
import { CheckpointError } from "./checkpoint-error.ts";

/** Shortest secret, in bytes: as long as the output of SHA-256 (RFC 2104, section 3). */
const SECRET_BYTES_MIN = 32;

const KEY_ID = /^[A-Za-z0-9_:-]{1,64}$/;

/** A secret that both signs and verifies. */
export interface HmacCheckpointKey {
  /** 1 to 64 characters of `A-Za-z0-9_:-`; stands in every signature, so never reuse one. */
  readonly id: string;
  readonly algorithm: "hmac-sha256";
  /** At least 32 random bytes. */
  readonly secret: Uint8Array;
}

/** The private half of an Ed25519 pair: signs and verifies. */
export interface Ed25519CheckpointKey {
  readonly id: string;
  readonly algorithm: "ed25519";
  /** PEM (PKCS #8), or a key of `node:crypto`. */
  readonly privateKey: string | KeyObject;
}

/** The public half: verifies only. */
export interface Ed25519CheckpointPublicKey {
  readonly id: string;
  readonly algorithm: "ed25519";
  /** PEM (SPKI), or a key of `node:crypto`. */
  readonly publicKey: string | KeyObject;
}

export type CheckpointSigningKey = HmacCheckpointKey | Ed25519CheckpointKey;
export type CheckpointVerificationKey = CheckpointSigningKey | Ed25519CheckpointPublicKey;

interface ReadyKey {
  readonly id: string;
  sign(data: Uint8Array): Uint8Array;
  verify(data: Uint8Array, signature: Uint8Array): boolean;
}

/** Keys whose signatures are accepted: the present one and, while they are rotated, older ones. */
export class CheckpointVerifier {
  readonly #keys = new Map<string, ReadyKey>();

  /** @throws {CheckpointError} `CHECKPOINT_KEY_REFUSED` */
  constructor(keys: readonly CheckpointVerificationKey[]) {
    for (const key of keys) {
      if (this.#keys.has(key.id)) throw refused("two keys have the same id");
      this.#keys.set(key.id, ready(key));
    }
  }

  /** @returns undefined when the key is not accepted */
  verifies(keyId: string, data: Uint8Array, signature: Uint8Array): boolean | undefined {
    return this.#keys.get(keyId)?.verify(data, signature);
  }
}

/** The key that signs now, and those that are accepted beside it. */
export class CheckpointSigner extends CheckpointVerifier {
  readonly #current: ReadyKey;

  /**
   * @param current signs, and is accepted
   * @param alsoAccepted older keys, until nothing that they signed is loaded any more
   * @throws {CheckpointError} `CHECKPOINT_KEY_REFUSED`
   */
  constructor(
    current: CheckpointSigningKey,
    alsoAccepted: readonly CheckpointVerificationKey[] = [],
  ) {
    super([current, ...alsoAccepted]);
    this.#current = ready(current);
  }

  get keyId(): string {
    return this.#current.id;
  }

  signs(data: Uint8Array): Uint8Array {
    return this.#current.sign(data);
  }
}

function ready(key: CheckpointVerificationKey): ReadyKey {
  if (typeof key.id !== "string" || !KEY_ID.test(key.id)) {
    throw refused("a key's id is 1 to 64 characters of A-Z a-z 0-9 _ : -");
  }
  if (key.algorithm === "hmac-sha256") return hmac(key);
  if (key.algorithm === "ed25519") return ed25519(key);
  throw refused("a key's algorithm is hmac-sha256 or ed25519");
}

function hmac({ id, secret }: HmacCheckpointKey): ReadyKey {
  if (!(secret instanceof Uint8Array) || secret.length < SECRET_BYTES_MIN) {
    throw refused(`a secret has at least ${SECRET_BYTES_MIN} bytes`);
  }
  // A copy: the application may wipe its own.
  const key = createSecretKey(Uint8Array.from(secret));
  const mac = (data: Uint8Array): Uint8Array => createHmac("sha256", key).update(data).digest();
  return {
    id,
    sign: mac,
    verify: (data, signature) => {
      const expected = mac(data);
      return signature.length === expected.length && timingSafeEqual(signature, expected);
    },
  };
}

function ed25519(key: Ed25519CheckpointKey | Ed25519CheckpointPublicKey): ReadyKey {
  const privateKey = "privateKey" in key ? keyOf(key.privateKey, "private") : undefined;
  const publicKey =
    "publicKey" in key ? keyOf(key.publicKey, "public") : createPublicKey(privateKey as KeyObject);
  return {
    id: key.id,
    sign: (data) => {
      if (privateKey === undefined) throw refused("a public key does not sign");
      return sign(null, data, privateKey);
    },
    verify: (data, signature) => verify(null, data, publicKey, signature),
  };
}

function keyOf(given: string | KeyObject, type: "private" | "public"): KeyObject {
  let key: KeyObject;
  try {
    const create = type === "private" ? createPrivateKey : createPublicKey;
    key = given instanceof KeyObject ? given : create(given);
  } catch {
    // Not kept as a cause: OpenSSL's message is no help, and nothing of a key belongs in a log.
    throw refused(`an Ed25519 ${type} key is PEM or a key of node:crypto`);
  }
  if (key.type !== type || key.asymmetricKeyType !== "ed25519") {
    throw refused(`the key is no Ed25519 ${type} key`);
  }
  return key;
}

function refused(message: string): CheckpointError {
  return new CheckpointError("CHECKPOINT_KEY_REFUSED", message);
}
