/**
 * Tokens: what stands in the place of a value.
 *
 * In: a kind and a value. Out: `[kind:` 16 letters `]`, HMAC-SHA-256 (RFC 2104) of the normalised
 * value under a key derived for the kind, its first 64 bits. Letters only, without vowels: a token
 * holds no digit, no `@` and no word, so no detector can find anything in it and no detector
 * has to skip what looks like a token, behind which hostile data could hide a card number.
 * Pure: no clock, no I/O.
 */

import { createHmac } from "node:crypto";
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
    createHmac("sha256", key).update(`spanledger redaction v1\0${label}`).digest();
  const keys = new Map(REDACTION_KINDS.map((kind) => [kind, derive(kind)] as const));
  const caches = new Map(REDACTION_KINDS.map((kind) => [kind, new Map<string, string>()] as const));
  return {
    fingerprint: letters(derive("fingerprint")),
    token(kind, value) {
      const kindKey = keys.get(kind);
      const cache = caches.get(kind);
      if (kindKey === undefined || cache === undefined) throw new TypeError("unknown kind");
      const known = cache.get(value);
      if (known !== undefined) return known;
      const mac = createHmac("sha256", kindKey).update(normalise(kind, value)).digest();
      const token = `[${kind}:${letters(mac)}]`;
      if (value.length <= CACHE_VALUE_SIZE_MAX) {
        if (cache.size >= CACHE_TOKENS_MAX) cache.clear();
        cache.set(value, token);
      }
      return token;
    },
  };
}

function letters(mac: Uint8Array): string {
  let out = "";
  for (let i = 0; i < TOKEN_SIZE_BYTES; i++) {
    const byte = mac[i] as number;
    out += ALPHABET.charAt(byte >> 4) + ALPHABET.charAt(byte & 15);
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
