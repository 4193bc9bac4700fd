/**
 * Collects the spans of one request, kept and refused.
 *
 * In: groups of raw spans under their resource and scope. Out: a {@link DecodedRequest}.
 * Throws `IngestError` when the request as a whole cannot be taken. Pure.
 */
import type { DecodedSpan, Resource, Scope } from "../base/records.ts";
import { IngestError } from "./errors.ts";
import { REQUEST_SPANS_MAX } from "./limits.ts";
import { RejectionTally, SpanRefusal } from "./rejections.ts";
import { isClamped } from "./span.ts";
import type { DecodedRequest, RejectionReason } from "./types.ts";

/** A resource or scope, or why everything under it is refused. */
export type Shared<T> = { readonly value: T } | { readonly refused: RejectionReason };

/** Run a reader whose refusal concerns all spans underneath. */
export function readShared<T>(read: () => T): Shared<T> {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof SpanRefusal) return { refused: error.reason };
    throw error;
  }
}

/** See the module comment. */
export class RequestBuilder {
  readonly #spans: DecodedSpan[] = [];
  readonly #rejected = new RejectionTally();
  #seen = 0;
  #clamped = 0;

  /**
   * Add all spans of one ScopeSpans.
   *
   * @param read reads one span; throws `SpanRefusal` to refuse that span alone
   */
  addGroup<T>(
    rawSpans: readonly T[],
    resource: Shared<Resource>,
    scope: Shared<Scope>,
    read: (raw: T, resource: Resource, scope: Scope) => DecodedSpan,
  ): void {
    this.#seen += rawSpans.length;
    if (this.#seen > REQUEST_SPANS_MAX) {
      throw new IngestError(
        "OTLP_TOO_MANY_VALUES",
        `more than ${REQUEST_SPANS_MAX} spans in one request; send smaller batches`,
      );
    }
    if ("refused" in resource) this.#rejected.add(resource.refused, rawSpans.length);
    else if ("refused" in scope) this.#rejected.add(scope.refused, rawSpans.length);
    else for (const raw of rawSpans) this.#add(() => read(raw, resource.value, scope.value));
  }

  finish(): DecodedRequest {
    return { spans: this.#spans, rejected: this.#rejected, clampedSpans: this.#clamped };
  }

  #add(read: () => DecodedSpan): void {
    try {
      const span = read();
      if (isClamped(span)) this.#clamped += 1;
      this.#spans.push(span);
    } catch (error) {
      if (!(error instanceof SpanRefusal)) throw error;
      this.#rejected.add(error.reason);
    }
  }
}
