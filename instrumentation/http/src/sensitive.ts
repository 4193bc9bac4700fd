/**
 * Secrets are replaced before they leave the process; the receiver redacts everything else.
 *
 * In: a parsed body. Out: the same with secrets replaced. Pure.
 */

/** Stands where a secret stood. */
export const REPLACEMENT = "[REDACTED]";

/** Whole segments of a key that make its value a secret. */
const SECRET_WORDS: ReadonlySet<string> = new Set(
  `password passwords passwd pwd passphrase passcode secret secrets otp totp pin cvv cvc cvn ssn
  jwt bearer credential credentials authorization cookie cookies mnemonic apikey token
  accesstoken refreshtoken idtoken privatekey secretkey clientsecret cardnumber newpassword
  oldpassword`.split(/\s+/),
);

/** Two segments in a row that do. */
const SECRET_PAIRS: ReadonlySet<string> = new Set([
  "access key",
  "account number",
  "api key",
  "card number",
  "private key",
  "recovery code",
  "security code",
  "verification code",
]);

/** A last segment that makes the key speak about the secret instead. */
const ABOUT: ReadonlySet<string> = new Set(
  `arn count enabled expires expiry expiration id length limit name policy required status type ttl
  url uri`.split(/\s+/),
);

/** Words whose keys are no secrets though a segment is one: cursors of pages. */
const CURSOR_WORDS: ReadonlySet<string> = new Set(["page", "pagination", "continuation", "sync"]);

/** Longest key that is looked at, in characters; a longer one is no name. */
const KEY_CHARS_MAX = 256;

/** Whether the value under a key is a secret. Numbers and booleans under tokens are counts, flags. */
export function isSecret(key: string, value: unknown): boolean {
  if (key.length > KEY_CHARS_MAX) return false;
  const words = segmentsOf(key);
  if (ABOUT.has(words.at(-1) ?? "")) return false;
  const found = words.find((word) => SECRET_WORDS.has(word));
  if (found === "token") {
    if (typeof value === "number" || typeof value === "boolean") return false;
    return !words.some((word) => CURSOR_WORDS.has(word));
  }
  if (found !== undefined) return true;
  return words.some((word, index) => SECRET_PAIRS.has(`${word} ${words[index + 1]}`));
}

/**
 * Parse JSON with its secrets replaced.
 *
 * @throws {SyntaxError} where it is none; {RangeError} where it is nested too deep for the engine
 */
export function parseRedacted(text: string, more: ReadonlySet<string>): unknown {
  return JSON.parse(text, (key, value: unknown) =>
    more.has(key.toLowerCase()) || isSecret(key, value) ? REPLACEMENT : value,
  );
}

/** `accessToken`, `access-token` and `ACCESS_TOKEN` are access, token. */
function segmentsOf(key: string): readonly string[] {
  return key
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}
