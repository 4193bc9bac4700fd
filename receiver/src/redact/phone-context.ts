/**
 * Words around a number that say that it is a telephone number, or that it is none.
 *
 * In: a text and the ends of the number. Out: yes or no. Only a short window of the text is read.
 */

/** How much of the text before a number is read, in characters. */
const BEFORE_SIZE_MAX = 56;

/** How much of the text after a number is read, in characters. */
const AFTER_SIZE_MAX = 24;

/** A colon, brackets and the like between the word and the number. */
const GAP = "[\\s:=#\"'`()\\\\>*_–-]{0,6}$";

const FILLER = [
  "(?:[\\s_-](?:number|no|nr|num|line)\\b\\.?)?",
  "(?:\\s(?:me|us|him|her|them|back|is|was|at|on|to|under|via|now|today)){0,3}",
].join("");

const STRONG_WORDS = [
  "(?:tele|mobile|cell|home|work)?phone",
  "tel",
  "mobile",
  "cell",
  "fax",
  "whatsapp",
  "hotline",
  "landline",
  "handy",
  "telefon\\w{0,6}",
  "t[ée]l[ée]phone",
  "tel[ée]fono",
  "m[óo]vil",
  "celular",
  "rufnummer",
  "msisdn",
  "sms",
  "dial",
  "answering",
  "reach (?:me|us|him|her|them)",
  "call (?:me|us|him|her|them|back)",
  "text (?:me|us|him|her|them)",
  "ring (?:me|us|him|her|them)",
  "my number",
];

const STRONG = new RegExp(
  `(?:\\b|_|\\\\[ntr])(?:${STRONG_WORDS.join("|")})\\.?${FILLER}${GAP}`,
  "i",
);

/** "You can call 73 448 266", but no call of a tool. */
const WEAK =
  /(?<!(?:tool|function|api|rpc|method|system)[ _-])\bcall(?:\s(?:at|on|to))?[:\s]{1,3}$/i;

const AFTER_WORDS = "office|fax|mobile|cell|phone|tel|home|direct|landline|handy";

const AFTER = new RegExp(
  `^[\\s\\-–,(\\\\]{0,3}(?:${AFTER_WORDS})\\b(?=\\s*(?:$|[,;.)\\\\|\\r\\n]))`,
  "i",
);

const OTHER_THINGS = [
  "order|invoice|ticket|tracking|isbn|issn|sku|part|version|build|serial|batch|case|ref|reference",
  "commit|sha|id|rev|revision|ports?|range|bytes|offset",
].join("|");

/** The number of a thing, or the status after the request of an access log. */
const OTHER_THING = new RegExp(
  `(?:(?:\\b|[_-])(?:${OTHER_THINGS})(?:[\\s_-]?(?:number|no|nr|num|id)\\b\\.?)?[\\s:=#"'\\\\(]{1,4}|HTTP/\\d(?:\\.\\d)?\\\\*"\\s)$`,
  "i",
);

/** How clearly words say telephone: before the number, after it, only by "call", not at all. */
export type PhoneContext = "before" | "after" | "call" | "none";

export function phoneContext(text: string, start: number, end: number): PhoneContext {
  const before = text.slice(Math.max(0, start - BEFORE_SIZE_MAX), start);
  if (STRONG.test(before)) return "before";
  if (AFTER.test(text.slice(end, end + AFTER_SIZE_MAX))) return "after";
  return WEAK.test(before) ? "call" : "none";
}

/** Whether the text before says that the number counts or names another thing. */
export function isOtherThing(text: string, start: number): boolean {
  return OTHER_THING.test(text.slice(Math.max(0, start - 32), start));
}

/** Whether a `-` and a word that belongs to a telephone number follow: `…4567-Office`. */
export function isPhoneWordAfter(text: string, end: number): boolean {
  return AFTER.test(text.slice(end, end + AFTER_SIZE_MAX));
}
