/**
 * One request while it is served: its span, its id, who makes it.
 *
 * In: facts of the request, then of its response. Out: the context that handlers run in. Side
 * effect: a SERVER span as OpenTelemetry's HTTP conventions have it, or attributes on the one that
 * another instrumentation has begun.
 */
import {
  type Baggage,
  type Context,
  context,
  createContextKey,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { type Actor, isId, newId } from "@spanledger/api";
import { readField, recordError, safely, setOptional, withActor } from "@spanledger/api/internal";
import { ACTOR_TYPES, OTEL, WORKFLOW } from "@spanledger/schema";
import type { Body } from "./body.ts";
import type { Settings } from "./settings.ts";
import { hostOf, type Target } from "./target.ts";

/** Name of the header that carries the request's id, both ways. */
export const REQUEST_ID_HEADER = "x-request-id";

/** Methods with a name of their own (RFC 9110, RFC 5789); others could be anything. */
const METHODS: ReadonlySet<string> = new Set(
  "CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT TRACE".split(" "),
);

/** Longest unknown method that is recorded, in characters. */
const METHOD_CHARS_MAX = 32;

/** Longest id of an actor, in characters: what baggage is read to as well. */
const ACTOR_CHARS_MAX = 256;

/** Baggage that says who acts and for what; from outside it counts only where it is trusted. */
const OWN_BAGGAGE = /^(workflow\.|workspace\.id$|request\.id$|user\.id$)/;

const REQUEST = createContextKey("spanledger.http.request");

/** What is known of a request when it arrives. */
export interface RequestFacts {
  readonly method: string;
  readonly target: Target;
  readonly scheme: "http" | "https";
  readonly protocolVersion: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Body | undefined;
  /** No span is made; the request has its id nevertheless. */
  readonly isIgnored: boolean;
}

/** What is known when its response has ended. */
export interface ResponseFacts {
  readonly status: number | undefined;
  /** Whether the client went before the response was whole. */
  readonly aborted: boolean;
}

/** Who makes the request that the calling code serves; does nothing outside of requests. */
export function setActor(actor: Actor | string): void {
  safely(() => {
    const record = context.active().getValue(REQUEST);
    if (record instanceof RequestRecord) record.setActor(actor);
  });
}

export class RequestRecord {
  readonly requestId: string;
  readonly active: Context;
  /** Whether the span is ours to end. */
  readonly owned: boolean;
  readonly #facts: RequestFacts;
  #settings: Settings;
  readonly #span: Span | undefined;
  readonly #method: string;
  readonly #trusted: Actor | undefined;
  /** What the application's function is asked with: the framework's own request. */
  #request: unknown;
  #explicit: Actor | undefined;
  #route: string | undefined;
  #error: { readonly value: unknown } | undefined;
  #ended = false;

  constructor(tracer: Tracer, facts: RequestFacts, settings: Settings, request: unknown) {
    this.#facts = facts;
    this.#settings = settings;
    this.#request = request;
    this.#method = METHODS.has(facts.method) ? facts.method : "_OTHER";
    const given = facts.headers[REQUEST_ID_HEADER];
    this.requestId = isId(given) ? given : newId();
    const outer = serverSpan();
    const arrived =
      outer === undefined ? propagation.extract(ROOT_CONTEXT, facts.headers) : context.active();
    this.#trusted = settings.trustBaggage ? baggageActor(arrived) : undefined;
    const parent = withBaggage(arrived, this.requestId, settings.trustBaggage);
    this.owned = outer === undefined;
    this.#span = outer ?? (facts.isIgnored ? undefined : this.#begin(tracer, parent));
    if (this.#span !== undefined) this.#describe(this.#span);
    const inside = this.#span === undefined ? parent : trace.setSpan(parent, this.#span);
    this.active = withActor(inside, () => this.actor()).setValue(REQUEST, this);
  }

  /** A middleware closer to the application knows the request, and who makes it, better. */
  servedBy(request: unknown, settings: Settings): void {
    this.#request = request;
    this.#settings = settings;
    this.#facts.body?.restrict(settings);
  }

  setActor(actor: Actor | string): void {
    this.#explicit = actorOf(actor) ?? this.#explicit;
  }

  /** Who makes the request, as far as it is known by now. */
  actor(): Actor | undefined {
    return this.#explicit ?? actorOf(this.#settings.actor(this.#request)) ?? this.#trusted;
  }

  /** The pattern of the path, of low cardinality. */
  setRoute(route: unknown): void {
    if (typeof route === "string" && route !== "") this.#route = route;
  }

  failed(error: unknown): void {
    this.#error ??= { value: error };
  }

  /** What is recorded of the body; undefined where there is none to record. */
  get body(): Body | undefined {
    return this.#facts.body;
  }

  end({ status, aborted }: ResponseFacts): void {
    if (this.#ended) return;
    this.#ended = true;
    const span = this.#span;
    if (span === undefined) return;
    safely(() => this.#describeActor(span));
    safely(() => this.#describeBody(span));
    safely(() => this.#describeResponse(span, status, aborted));
    if (this.owned) span.end();
  }

  #begin(tracer: Tracer, parent: Context): Span {
    const { target, scheme } = this.#facts;
    // What samplers decide by has to be there from the start.
    const attributes = {
      [OTEL.httpRequestMethod]: this.#method,
      [OTEL.urlPath]: target.path,
      [OTEL.urlScheme]: scheme,
    };
    return tracer.startSpan(this.#name(), { kind: SpanKind.SERVER, attributes }, parent);
  }

  #name(): string {
    const method = this.#method === "_OTHER" ? "HTTP" : this.#method;
    return this.#route === undefined ? method : `${method} ${this.#route}`;
  }

  #describe(span: Span): void {
    const { method, target, headers, protocolVersion } = this.#facts;
    span.setAttribute(WORKFLOW.requestId, this.requestId);
    if (!this.owned) return;
    if (this.#method === "_OTHER") {
      span.setAttribute(OTEL.httpRequestMethodOriginal, method.slice(0, METHOD_CHARS_MAX));
    }
    setOptional(span, OTEL.urlQuery, target.query);
    setOptional(span, OTEL.networkProtocolVersion, protocolVersion);
    const host = hostOf(textOf(headers.host ?? headers[":authority"]));
    setOptional(span, OTEL.serverAddress, host?.address);
    setOptional(span, OTEL.serverPort, host?.port);
  }

  #describeActor(span: Span): void {
    const actor = this.actor();
    if (actor === undefined) return;
    span.setAttribute(WORKFLOW.actorId, actor.id);
    span.setAttribute(WORKFLOW.actorType, actor.type);
    if (actor.type === "user") span.setAttribute(OTEL.userId, actor.id);
  }

  #describeBody(span: Span): void {
    // The text of a parsed body is made here: not where nobody records it.
    const facts = span.isRecording() ? this.#facts.body?.facts() : undefined;
    if (facts === undefined) return;
    setOptional(span, OTEL.httpRequestBodySize, facts.sizeBytes);
    setOptional(span, OTEL.httpRequestBody, facts.text);
    setOptional(span, OTEL.httpRequestBodyOmitted, facts.omitted);
  }

  #describeResponse(span: Span, status: number | undefined, aborted: boolean): void {
    if (this.#route !== undefined) {
      span.setAttribute(OTEL.httpRoute, this.#route);
      span.updateName(this.#name());
    }
    if (aborted) {
      // Nobody's fault here, and no status that anybody has seen.
      span.setAttribute(OTEL.errorType, "aborted");
    } else {
      setOptional(span, OTEL.httpResponseStatusCode, status);
    }
    const isServerError = (status ?? 0) >= 500 && !aborted;
    if (this.#error !== undefined && (isServerError || aborted)) {
      recordError(span, this.#error.value);
    } else if (isServerError) {
      span.setAttribute(OTEL.errorType, String(status));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
  }
}

/** The SERVER span that another instrumentation has begun for this request. */
function serverSpan(): Span | undefined {
  const span = trace.getActiveSpan();
  return span?.isRecording() === true && readField(span, "kind") === SpanKind.SERVER
    ? span
    : undefined;
}

/** Baggage with the request's id, and of what came from outside only what may be believed. */
function withBaggage(arrived: Context, requestId: string, trusted: boolean): Context {
  const given = propagation.getBaggage(arrived);
  let baggage: Baggage = given ?? propagation.createBaggage();
  if (given !== undefined && !trusted) {
    const foreign = baggage.getAllEntries().map(([name]) => name);
    baggage = baggage.removeEntries(...foreign.filter((name) => OWN_BAGGAGE.test(name)));
  }
  return propagation.setBaggage(
    arrived,
    baggage.setEntry(WORKFLOW.requestId, { value: requestId }),
  );
}

function baggageActor(from: Context): Actor | undefined {
  const read = (name: string): unknown => propagation.getBaggage(from)?.getEntry(name)?.value;
  return actorOf({ id: read(WORKFLOW.actorId), type: read(WORKFLOW.actorType) });
}

/** What an application's function may answer; anything else counts as nobody. */
function actorOf(value: unknown): Actor | undefined {
  const id = typeof value === "string" ? value : readField(value, "id");
  if (typeof id !== "string" || id === "" || id.length > ACTOR_CHARS_MAX) return undefined;
  const type = typeof value === "string" ? "user" : readField(value, "type");
  const known = ACTOR_TYPES.find((one) => one === type);
  return known === undefined ? undefined : { id, type: known };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
