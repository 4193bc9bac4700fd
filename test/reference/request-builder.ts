/**
 * Collects the spans of one request, kept and refused.
 *
 * In: groups of raw spans under their resource and scope. Out: a {@link DecodedRequest}.
 * Throws `IngestError` when the request as a whole cannot be taken. Pure.
 */
import type { DecodedSpan, Resource, Scope } from "../../receiver/src/base/records.ts";
import { IngestError } from "../../receiver/src/ingest/errors.ts";
import { REQUEST_SPANS_MAX } from "../../receiver/src/ingest/limits.ts";
import { RejectionTally, type Shared, SpanRefusal } from "../../receiver/src/ingest/rejections.ts";
import { isClamped } from "../../receiver/src/ingest/span.ts";
import type { RejectedSpans } from "../../receiver/src/ingest/types.ts";

/** What a request decodes to. */
export interface DecodedRequest {
  readonly spans: readonly DecodedSpan[];
  readonly rejected: RejectedSpans;
  /** Spans that were kept although they ended before they began (`endNs` is then `startNs`). */
  readonly clampedSpans: number;
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
