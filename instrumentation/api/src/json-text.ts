/**
 * Values as JSON text for attributes.
 *
 * In: any value of the application. Out: text, or undefined where there is nothing to say.
 * Never throws, never changes the value: cycles, BigInt, throwing getters and huge values included.
 */

/** Longest JSON text kept in one attribute, in characters: a prompt fits, a dump does not. */
export const JSON_TEXT_CHARS_MAX = 65_536;

/** Deepest nesting that is written out; deeper values show as `[deep]`. Bounds the recursion. */
export const JSON_DEPTH_MAX = 32;

/** Most values visited in one text; the rest shows as `[more]`. Bounds the time on huge inputs. */
const JSON_VALUES_MAX = 20_000;

interface Budget {
  values: number;
  chars: number;
}

/**
 * Write a value as JSON text.
 *
 * @returns text of at most {@link JSON_TEXT_CHARS_MAX} characters, always valid JSON, or undefined
 *   for `undefined`
 */
export function jsonText(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  try {
    const budget = { values: JSON_VALUES_MAX, chars: JSON_TEXT_CHARS_MAX };
    const text = JSON.stringify(plain(value, 0, new Set(), budget));
    if (text === undefined) return undefined;
    if (text.length <= JSON_TEXT_CHARS_MAX) return text;
    return JSON.stringify({ truncated: true, chars: text.length, start: start(text) });
  } catch {
    return JSON.stringify("[unreadable]");
  }
}

/** The beginning of a text that is too long; quoting may double it, so half of the limit. */
function start(text: string): string {
  return text.slice(0, JSON_TEXT_CHARS_MAX / 2 - 64);
}

function plain(value: unknown, depth: number, above: Set<object>, budget: Budget): unknown {
  budget.values -= 1;
  if (budget.values < 0 || budget.chars < 0) return "[more]";
  if (typeof value === "string") {
    const kept = value.length > JSON_TEXT_CHARS_MAX ? start(value) : value;
    budget.chars -= kept.length;
    return kept;
  }
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "symbol") return value.toString();
  if (typeof value === "function") return undefined;
  if (typeof value !== "object" || value === null) return value;
  if (above.has(value)) return "[cycle]";
  if (depth >= JSON_DEPTH_MAX) return "[deep]";
  above.add(value);
  try {
    return plainObject(value, depth + 1, above, budget);
  } catch {
    return "[unreadable]";
  } finally {
    above.delete(value);
  }
}

function plainObject(value: object, depth: number, above: Set<object>, budget: Budget): unknown {
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) return { name: value.name, message: value.message };
  if (value instanceof Map) return plain([...value.entries()], depth, above, budget);
  if (value instanceof Set) return plain([...value.values()], depth, above, budget);
  const toJson: unknown = Reflect.get(value, "toJSON");
  if (typeof toJson === "function") {
    const shown: unknown = Reflect.apply(toJson, value, []);
    if (shown !== value) return plain(constructed(shown), depth, above, budget);
  }
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) {
      if (budget.values < 0 || budget.chars < 0) break;
      items.push(plain(item, depth, above, budget));
    }
    return items;
  }
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (budget.values < 0 || budget.chars < 0) break;
    budget.chars -= key.length;
    result[key] = plainProperty(value, key, depth, above, budget);
  }
  return result;
}

/**
 * LangChain writes its objects as calls of constructors, in a form that can be read back. For the
 * record the class and what it was given are enough, and a fraction of the text.
 */
function constructed(shown: unknown): unknown {
  if (typeof shown !== "object" || shown === null) return shown;
  const { lc, type, id, kwargs } = shown as Readonly<Record<string, unknown>>;
  const isCall = lc === 1 && type === "constructor" && Array.isArray(id);
  if (!isCall || typeof kwargs !== "object" || kwargs === null) return shown;
  const given = Object.entries(kwargs).filter(([, value]) => !isEmpty(value));
  return { type: (id as unknown[]).at(-1), ...Object.fromEntries(given) };
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function plainProperty(
  value: object,
  key: string,
  depth: number,
  above: Set<object>,
  budget: Budget,
): unknown {
  try {
    return plain(Reflect.get(value, key), depth, above, budget);
  } catch {
    return "[unreadable]";
  }
}
