/**
 * Tokens: what stands in the place of a value.
 *
 * In: a kind and a value. Out: `[kind:` 16 letters `]`, HMAC-SHA-256 (RFC 2104) of the normalised
 * value under a key derived for the kind, its first 64 bits. Letters only, without vowels: a token
 * holds no digit, no `@` and no word, so no detector can find anything in it and no detector
 * has to skip what looks like a token, behind which hostile data could hide a card number.
 * Pure: no clock, no I/O.
 */

import { createHmac, hash } from "node:crypto";
import { detached } from "./chars.ts";
import { RedactError } from "./errors.ts";
import { REDACTION_KINDS, type RedactionKind } from "./types.ts";

/** Shortest accepted key, in bytes: the size of the hash, below which HMAC loses strength. */
export const KEY_SIZE_MIN_BYTES = 32;

/** One letter per half byte. */
const ALPHABET = "bcdfghjklmnpqrst";

/** Bytes of the HMAC in a token: 64 bits, a collision is expected after some 4 billion values. */
const TOKEN_SIZE_BYTES = 8;

const TOKEN = /^\[(?:email|phone|card|iban|ssn|secret):[bcdfghjklmnpqrst]{16}\]$/;
const TOKENS = /\[(?:email|phone|card|iban|ssn|secret):[bcdfghjklmnpqrst]{16}\]/g;

/** Length of the longest token, in characters. */
const TOKEN_SIZE_MAX = "[secret:]".length + 2 * TOKEN_SIZE_BYTES;

/** Whether the whole text is one token. */
export function isToken(text: string): boolean {
  return text.length <= TOKEN_SIZE_MAX && TOKEN.test(text);
}

const TOKEN_AT = /\[(?:email|phone|card|iban|ssn|secret):[bcdfghjklmnpqrst]{16}\]/y;

/** Most characters of a token before its colon. */
const TOKEN_HEAD_SIZE_MAX = "[secret".length;

/** Characters from the colon of a token to its closing bracket. */
export const TOKEN_END: number = 2 * TOKEN_SIZE_BYTES + 1;

/** Whether the colon at `i` is that of a token: what stands behind it is no value of that kind. */
export function isTokenColon(text: string, i: number): boolean {
  const limit = Math.max(0, i - TOKEN_HEAD_SIZE_MAX);
  let start = i;
  while (start > limit && text.charCodeAt(start) !== 91) start--;
  TOKEN_AT.lastIndex = start;
  return TOKEN_AT.test(text);
}

/** The text without the tokens in it. */
export function withoutTokens(text: string): string {
  return text.includes("[") ? text.replace(TOKENS, "") : text;
}

/** Tokens remembered: one person or key stands in many spans in a row. */
const CACHE_TOKENS_MAX = 4_096;

/** Longest value whose token is remembered, in characters. */
const CACHE_VALUE_SIZE_MAX = 64;

/** Makes the tokens of one key. */
export interface Tokeniser {
  readonly fingerprint: string;
  token(kind: RedactionKind, value: string): string;
}

/**
 * @param key at least {@link KEY_SIZE_MIN_BYTES} bytes
 * @throws {RedactError} `REDACT_KEY_INVALID`
 */
export function createTokeniser(key: Uint8Array): Tokeniser {
  if (key.length < KEY_SIZE_MIN_BYTES) {
    const message = `the redaction key needs ${KEY_SIZE_MIN_BYTES} bytes, it has ${key.length}`;
    throw new RedactError("REDACT_KEY_INVALID", message);
  }
  const derive = (label: string) =>
    createHmac("sha256", key).update(`spanledger redaction v1\0${label}`);
  const macs = new Map(
    REDACTION_KINDS.map((kind) => [kind, createMac(derive(kind).digest())] as const),
  );
  const caches = new Map(REDACTION_KINDS.map((kind) => [kind, new Map<string, string>()] as const));
  return {
    fingerprint: letters(derive("fingerprint").digest("hex")),
    token(kind, value) {
      const mac = macs.get(kind);
      const cache = caches.get(kind);
      if (mac === undefined || cache === undefined) throw new TypeError("unknown kind");
      const known = cache.get(value);
      if (known !== undefined) return known;
      const token = `[${kind}:${letters(mac(normalise(kind, value)))}]`;
      if (value.length <= CACHE_VALUE_SIZE_MAX) {
        if (cache.size >= CACHE_TOKENS_MAX) cache.clear();
        cache.set(detached(value), token);
      }
      return token;
    },
  };
}

/** Block of SHA-256, in bytes, to which HMAC pads its key. */
const BLOCK_SIZE_BYTES = 64;

/** Longest text for which a block is kept ready, in UTF-16 units; nearly every value is shorter. */
const SHORT_TEXT_LENGTH = 256;

/** Most bytes of UTF-8 that one UTF-16 unit takes. */
const UNIT_SIZE_MAX_BYTES = 3;

/**
 * HMAC-SHA-256 of texts under one key, as hex digits. Of two one-shot hashes, which take a tenth of
 * the time of an Hmac object: that prepares its key anew each time.
 *
 * @param key at most {@link BLOCK_SIZE_BYTES} bytes
 */
function createMac(key: Uint8Array): (text: string) => string {
  const inner = padded(key, 0x36, SHORT_TEXT_LENGTH * UNIT_SIZE_MAX_BYTES);
  const outer = padded(key, 0x5c, 32);
  return (text) => {
    const digest =
      text.length <= SHORT_TEXT_LENGTH
        ? sha256(inner.subarray(0, BLOCK_SIZE_BYTES + inner.write(text, BLOCK_SIZE_BYTES)))
        : sha256(Buffer.concat([inner.subarray(0, BLOCK_SIZE_BYTES), Buffer.from(text)]));
    outer.write(digest, BLOCK_SIZE_BYTES, "binary");
    return hash("sha256", outer, "hex");
  };
}

/** The key as a block, and room for what is hashed after it. */
function padded(key: Uint8Array, byte: number, roomBytes: number): Buffer {
  const block = Buffer.alloc(BLOCK_SIZE_BYTES + roomBytes);
  for (let n = 0; n < BLOCK_SIZE_BYTES; n++) block[n] = (key[n] ?? 0) ^ byte;
  return block;
}

function sha256(bytes: Uint8Array): string {
  return hash("sha256", bytes, "binary");
}

/** @param mac hex digits */
function letters(mac: string): string {
  let out = "";
  for (let i = 0; i < 2 * TOKEN_SIZE_BYTES; i++) {
    const c = mac.charCodeAt(i);
    out += ALPHABET.charAt(c < 58 ? c - 48 : c - 87);
  }
  return out;
}

/** The one way of writing a value that the token stands for. */
function normalise(kind: RedactionKind, value: string): string {
  switch (kind) {
    case "email":
      return normaliseEmail(value);
    case "phone":
      return normalisePhone(value);
    case "card":
    case "ssn":
      return percentDecoded(value).replace(/[^0-9A-Za-z]/g, "");
    case "iban":
      return percentDecoded(value)
        .replace(/[^0-9A-Za-z]/g, "")
        .toUpperCase();
    case "secret":
      return value;
  }
}

function percentDecoded(value: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function normaliseEmail(value: string): string {
  const plain = percentDecoded(value)
    .replaceAll("\\u0040", "@")
    .replaceAll("&#64;", "@")
    .replaceAll("\uff20", "@");
  return plain.trim().normalize("NFC").toLowerCase();
}

/**
 * Digits, and the extension after an `x`. `00` and `+` mean the same; the trunk zero of
 * `+44 (0)20` goes, as does the country code 1 of North America, which is seldom written.
 */
function normalisePhone(value: string): string {
  const plain = percentDecoded(value);
  const [main = "", extension = ""] = splitExtension(plain);
  let digits = main.replace(/\(0\)/, "").replace(/\D/g, "");
  if (!main.trimStart().startsWith("+") && digits.startsWith("00")) digits = digits.slice(2);
  if (digits.length === 11 && digits.startsWith("1")) digits = digits.slice(1);
  return extension === "" ? digits : `${digits}x${extension}`;
}

function splitExtension(value: string): [string, string] {
  const at = value.search(/[xe#]/i);
  if (at === -1) return [value, ""];
  return [value.slice(0, at), value.slice(at).replace(/\D/g, "")];
}
