/**
 * Secrets are replaced before they leave the process; the receiver redacts everything else.
 *
 * In: a body as JSON. Out: the same with secrets replaced. Side effect: a cache of keys.
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
const KEY_CHARS_MAX = 64;

/** What a key says about its value. */
type KeyClass = "none" | "secret" | "token";

/** Keys whose class is remembered: bodies have the same keys again and again. */
const KNOWN_KEYS_MAX = 2_000;
const known = new Map<string, KeyClass>();

/** Whether the value under a key is a secret. Numbers and booleans under tokens are counts, flags. */
export function isSecret(key: string, value: unknown): boolean {
  const keyClass = classOf(key);
  if (keyClass !== "token") return keyClass === "secret";
  return typeof value !== "number" && typeof value !== "boolean";
}

/**
 * Read JSON and write it again without its secrets.
 *
 * @param more keys in lower case whose values are secrets as well
 * @throws {SyntaxError} where it is none; {RangeError} where it is nested too deep for the engine
 */
export function redactedJson(text: string, more: ReadonlySet<string>): string {
  const root: unknown = JSON.parse(text);
  // Written even where nothing was replaced: of a key that comes twice, the text has both values.
  const open: unknown[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    if (Array.isArray(value)) {
      for (const item of value) if (typeof item === "object" && item !== null) open.push(item);
      continue;
    }
    const object = value as Record<string, unknown>;
    for (const key of Object.keys(object)) {
      const child = object[key];
      if (isSecret(key, child) || (more.size > 0 && more.has(key.toLowerCase()))) {
        // Not by assignment: a key named `__proto__` is a key here.
        Object.defineProperty(object, key, { value: REPLACEMENT, enumerable: true });
      } else if (typeof child === "object" && child !== null) {
        open.push(child);
      }
    }
  }
  return JSON.stringify(root);
}

function classOf(key: string): KeyClass {
  if (key.length > KEY_CHARS_MAX) return "none";
  const before = known.get(key);
  if (before !== undefined) return before;
  const keyClass = classify(segmentsOf(key));
  if (known.size >= KNOWN_KEYS_MAX) known.clear();
  known.set(key, keyClass);
  return keyClass;
}

function classify(words: readonly string[]): KeyClass {
  if (ABOUT.has(words.at(-1) ?? "")) return "none";
  const found = words.filter((word) => SECRET_WORDS.has(word));
  if (found.some((word) => word !== "token")) return "secret";
  if (found.length > 0) return words.some((word) => CURSOR_WORDS.has(word)) ? "none" : "token";
  const isPair = words.some((word, index) => SECRET_PAIRS.has(`${word} ${words[index + 1]}`));
  return isPair ? "secret" : "none";
}

/** `accessToken`, `access-token` and `ACCESS_TOKEN` are access, token. */
function segmentsOf(key: string): readonly string[] {
  return key
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}
