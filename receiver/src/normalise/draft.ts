/**
 * A span while it is put into our names.
 *
 * In: a decoded span of another dialect. Out: one with our names, and what they were. Nothing is
 * lost: an attribute is renamed, moved into content under its own name, or stays; and nothing that
 * the sender said in our names is overwritten, unless the names of ours mean another thing there.
 */
import { NORMALISED } from "@spanledger/schema";
import type { AttributeMap, AttributeValue, DecodedSpan, SpanEvent } from "../base/records.ts";

const INDEX = /^\d{1,6}$/;

/** Names that are spread over a path; not a map, which a value may be. */
class Tree {
  readonly members = new Map<string, Tree | AttributeValue>();
}

/** See the module comment. */
export class SpanDraft {
  readonly span: DecodedSpan;
  readonly #attributes: Map<string, AttributeValue>;
  readonly #dialects = new Set<string>();
  readonly #names = new Set<string>();
  readonly #contents = new Map<string, AttributeValue>();
  #name: string;
  #events: readonly SpanEvent[];

  constructor(span: DecodedSpan) {
    this.span = span;
    this.#attributes = new Map(span.attributes);
    this.#name = span.name;
    this.#events = span.events;
  }

  get attributes(): AttributeMap {
    return this.#attributes;
  }

  has(key: string): boolean {
    return this.#attributes.has(key);
  }

  get(key: string): AttributeValue | undefined {
    return this.#attributes.get(key);
  }

  /** The value where it is text; else empty. */
  text(key: string): string {
    const value = this.#attributes.get(key);
    return typeof value === "string" ? value : "";
  }

  /** Say whose names they are. */
  speaks(dialect: string): void {
    this.#dialects.add(dialect);
  }

  /** Whether nobody has said yet whose names they are. */
  get isUnknown(): boolean {
    return this.#dialects.size === 0;
  }

  /** The value of an attribute that gets another name. */
  take(key: string): AttributeValue | undefined {
    const value = this.#attributes.get(key);
    if (value === undefined) return undefined;
    this.#attributes.delete(key);
    this.#names.add(withoutIndices(key));
    return value;
  }

  /** Set what nobody has set. */
  set(key: string, value: AttributeValue | undefined): void {
    if (value === undefined || value === null || value === "" || this.#attributes.has(key)) return;
    this.#attributes.set(key, value);
  }

  /** Set what means another thing in our names; the value that it replaces is kept as content. */
  replace(key: string, value: AttributeValue): void {
    const before = this.#attributes.get(key);
    if (before === value) return;
    if (before !== undefined) this.keep(key);
    this.#attributes.set(key, value);
  }

  /** The same in another form. */
  rewrite(key: string, value: AttributeValue): void {
    this.#attributes.set(key, value);
  }

  /** Another name; where that one is taken, the attribute stays as it is. */
  rename(
    from: string,
    to: string,
    convert: (value: AttributeValue) => AttributeValue = same,
  ): void {
    if (!this.#attributes.has(from) || this.#attributes.has(to)) return;
    this.set(to, convert(this.take(from) ?? null));
  }

  /** Content without a name of its own in the conventions keeps the one it has, in the payload. */
  keep(key: string): void {
    const value = this.take(key);
    if (value !== undefined) this.#contents.set(key, value);
  }

  keepContent(name: string, value: AttributeValue): void {
    this.#contents.set(name, value);
  }

  /** All of these that are still there. */
  keepAll(isContent: (key: string) => boolean): void {
    for (const key of [...this.#attributes.keys()]) if (isContent(key)) this.keep(key);
  }

  /**
   * Take the attributes `prefix.0.…` as the list that they are spread out from.
   *
   * @param understood what may follow the prefix; anything else stays where it is
   * @returns undefined where there are none
   */
  takeSpread(prefix: string, understood: RegExp): readonly AttributeValue[] | undefined {
    const tree = new Tree();
    const start = `${prefix}.`;
    for (const [key, value] of [...this.#attributes]) {
      if (!key.startsWith(start)) continue;
      const path = key.slice(start.length);
      if (!understood.test(path)) continue;
      this.take(key);
      plant(tree, path.split("."), value);
    }
    const list = tree.members.size === 0 ? undefined : harvest(tree);
    return Array.isArray(list) ? list : undefined;
  }

  nameIt(name: string): void {
    this.#name = name;
  }

  replaceEvents(events: readonly SpanEvent[]): void {
    this.#events = events;
  }

  finish(): DecodedSpan {
    const { span } = this;
    const attributes = new Map(this.#attributes);
    if (this.#dialects.size > 0) attributes.set(NORMALISED.dialect, [...this.#dialects].join(","));
    if (this.#name !== span.name) attributes.set(NORMALISED.originalName, span.name);
    if (this.#names.size > 0) {
      attributes.set(NORMALISED.originalAttributeNames, [...this.#names]);
    }
    if (this.#contents.size > 0) attributes.set(NORMALISED.originalContent, this.#contents);
    return { ...span, name: this.#name, attributes, events: this.#events };
  }
}

function same(value: AttributeValue): AttributeValue {
  return value;
}

/** `llm.input_messages.3.message.role` and its like are one name. */
function withoutIndices(key: string): string {
  return key
    .split(".")
    .map((part) => (INDEX.test(part) ? "*" : part))
    .join(".");
}

/** What is understood names either a value or a beginning, never both. */
function plant(tree: Tree, path: readonly string[], value: AttributeValue): void {
  let node = tree;
  for (const part of path.slice(0, -1)) {
    let next = node.members.get(part);
    if (!(next instanceof Tree)) {
      next = new Tree();
      node.members.set(part, next);
    }
    node = next;
  }
  node.members.set(path.at(-1) ?? "", value);
}

function harvest(tree: Tree): AttributeValue {
  const entries = [...tree.members].map(
    ([name, node]) => [name, node instanceof Tree ? harvest(node) : node] as const,
  );
  if (!entries.every(([name]) => INDEX.test(name))) return new Map(entries);
  return entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value);
}
