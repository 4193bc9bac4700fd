/**
 * The key behind the tokens.
 *
 * In: the environment, or the data directory. Out: the key's bytes. Side effect: at the first start
 * without a key in the environment, a random one is written to `keys/redaction.key`, mode 0600.
 * Who loses the key can no longer join old tokens with new ones; who steals it can test guesses.
 */

import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { RedactError } from "./errors.ts";
import { KEY_SIZE_MIN_BYTES } from "./token.ts";

/** Environment variable with the key, base64 or hex, at least 32 bytes. */
export const REDACTION_KEY_VARIABLE = "SPANLEDGER_REDACTION_KEY";

export interface RedactionKeyOptions {
  /** Directory of the receiver's data; made if missing. */
  readonly dataDir: string;
  /** @default no variables: the key is in the file */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * @throws {RedactError} `REDACT_KEY_INVALID`, `REDACT_KEY_UNREADABLE`
 */
export function loadRedactionKey(options: RedactionKeyOptions): Uint8Array {
  const fromEnvironment = options.env?.[REDACTION_KEY_VARIABLE];
  if (fromEnvironment !== undefined && fromEnvironment !== "") {
    return parseKey(fromEnvironment, REDACTION_KEY_VARIABLE);
  }
  const directory = join(options.dataDir, "keys");
  const path = join(directory, "redaction.key");
  try {
    return readKey(path) ?? createKey(directory, path);
  } catch (cause) {
    if (cause instanceof RedactError) throw cause;
    const message = "keys/redaction.key in the data directory cannot be read or written";
    throw new RedactError("REDACT_KEY_UNREADABLE", message, { cause, retryable: true });
  }
}

function readKey(path: string): Uint8Array | undefined {
  try {
    return parseKey(readFileSync(path, "utf8"), "keys/redaction.key");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Written whole and synced under another name, then linked: of two starts at once, one wins. */
function createKey(directory: string, path: string): Uint8Array {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(8).toString("hex")}`;
  const file = openSync(temporary, "wx", 0o600);
  try {
    writeSync(file, `${randomBytes(KEY_SIZE_MIN_BYTES).toString("base64")}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(temporary, path);
    syncDirectory(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  return parseKey(readFileSync(path, "utf8"), "keys/redaction.key");
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function parseKey(text: string, source: string): Uint8Array {
  const written = text.trim();
  const key = decodeKey(written);
  if (key === undefined || key.length < KEY_SIZE_MIN_BYTES) {
    const message = `${source} must hold at least ${KEY_SIZE_MIN_BYTES} bytes as base64 or hex`;
    throw new RedactError("REDACT_KEY_INVALID", message);
  }
  return new Uint8Array(key);
}

/** Hex first: 64 hex digits are also base64, and a key that long is meant as hex. */
function decodeKey(written: string): Buffer | undefined {
  if (/^(?:[0-9a-fA-F]{2})+$/.test(written)) return Buffer.from(written, "hex");
  if (/^[A-Za-z0-9+/_-]+={0,2}$/.test(written)) return Buffer.from(written, "base64");
  return undefined;
}
