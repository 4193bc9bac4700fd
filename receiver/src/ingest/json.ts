/**
 * The way through an OTLP/JSON request to its entries, and its spans.
 *
 * In: the decompressed body. Out: calls of a visitor: each resource before its scopes, each scope
 * before its entries, wherever they stand in the text; what was refused. Throws `IngestError`
 * (`OTLP_MALFORMED_JSON`, `OTLP_TOO_MANY_VALUES`). Pure but for the visitor. Entries come slice by
 * slice, so that a large request is never in memory as objects; what is wrong with the text may be
 * found after some of them were handed over.
 */
import type { DecodedSpan, Resource, Scope } from "../base/records.ts";
import { IngestError } from "./errors.ts";
import { JSON_LEAVES } from "./json-leaves.ts";
import { type ListNames, parseSliced } from "./json-slices.ts";
import type { RawMessage } from "./leaves.ts";
import { REQUEST_SPANS_MAX } from "./limits.ts";
import { RejectionTally, readShared, type Shared, SpanRefusal } from "./rejections.ts";
import { isClamped, readResource, readScope, readSpan } from "./span.ts";
import type { RejectedSpans } from "./types.ts";

/** What is found, in order. */
export interface JsonVisitor {
  resource(raw: RawMessage): void;
  scope(raw: RawMessage): void;
  /** Whether so many entries are refused because of their resource or scope. */
  refuses(entries: number): boolean;
  entries(raw: readonly RawMessage[]): void;
}

/** The lists of a request, from the outside, and what people call the entries. */
export interface JsonLists {
  readonly names: ListNames;
  readonly entriesName: string;
}

const TRACE_LISTS: JsonLists = {
  names: ["resourceSpans", "scopeSpans", "spans"],
  entriesName: "spans",
};

const { message, list } = JSON_LEAVES;

/** Walk through a request. */
export function walkJson(body: Uint8Array, lists: JsonLists, visitor: JsonVisitor): void {
  const [groupsName, scopesName, listName] = lists.names;
  const json = parseSliced(body, lists.names);
  let seen = 0;
  for (const entry of list(message(json.envelope, "the body")[groupsName], groupsName)) {
    const group = message(entry, groupsName);
    visitor.resource(message(group.resource, "resource"));
    for (const scopeEntry of list(group[scopesName], scopesName)) {
      const scopeGroup = message(scopeEntry, scopesName);
      visitor.scope(message(scopeGroup.scope, "scope"));
      const entries = json.entries(list(scopeGroup[listName], listName));
      seen += entries.length;
      if (seen > REQUEST_SPANS_MAX) throw tooMany(lists.entriesName);
      const isRefused = entries.length > 0 && visitor.refuses(entries.length);
      // Refused ones too must be JSON.
      for (const slice of entries.slices()) {
        if (!isRefused) visitor.entries(slice.map((raw) => message(raw, listName)));
      }
    }
  }
  json.checkUnread();
}

function tooMany(entriesName: string): IngestError {
  const text = `more than ${REQUEST_SPANS_MAX} ${entriesName} in one request`;
  return new IngestError("OTLP_TOO_MANY_VALUES", `${text}; send smaller batches`);
}

/** What was not taken as it came. */
export interface ReadTraces {
  readonly rejected: RejectedSpans;
  /** Spans that were kept although they ended before they began (`endNs` is then `startNs`). */
  readonly clampedSpans: number;
}

/**
 * Read the spans of a request.
 *
 * @param body UTF-8 JSON text; neither changed nor kept
 * @param visit takes some spans after others
 */
export function readTraceJson(
  body: Uint8Array,
  visit: (spans: readonly DecodedSpan[]) => void,
): ReadTraces {
  const rejected = new RejectionTally();
  let clampedSpans = 0;
  let resource: Shared<Resource> = { value: { attributes: new Map() } };
  let scope: Shared<Scope> = { value: { name: "", version: "", attributes: new Map() } };
  const read = (raw: RawMessage): readonly DecodedSpan[] => {
    if ("refused" in resource || "refused" in scope) return [];
    try {
      const span = readSpan(JSON_LEAVES, raw, resource.value, scope.value);
      if (isClamped(span)) clampedSpans += 1;
      return [span];
    } catch (error) {
      if (!(error instanceof SpanRefusal)) throw error;
      rejected.add(error.reason);
      return [];
    }
  };
  walkJson(body, TRACE_LISTS, {
    resource: (raw) => {
      resource = readShared(() => readResource(JSON_LEAVES, raw));
    },
    scope: (raw) => {
      scope = readShared(() => readScope(JSON_LEAVES, raw));
    },
    refuses: (spans) => {
      const refused = [resource, scope].find((shared) => "refused" in shared);
      if (refused !== undefined) rejected.add(refused.refused, spans);
      return refused !== undefined;
    },
    entries: (raws) => visit(raws.flatMap(read)),
  });
  return { rejected, clampedSpans };
}
