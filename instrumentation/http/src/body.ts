/**
 * The body of a mutation: what may be recorded of it, and how it reads.
 *
 * In: the request's headers, then its bytes as they arrive, or what the framework parsed. Out: JSON
 * text or text without secrets, or the reason why there is none. Pure but for what it collects.
 */
import { jsonText } from "@spanledger/api/internal";
import { redactedJson } from "./sensitive.ts";
import type { Settings } from "./settings.ts";
import type { BodyOmission } from "./types.ts";

/** Methods whose bodies are recorded (RFC 9110: neither safe nor about the connection). */
const MUTATIONS: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** Content types that are files. */
const UPLOAD =
  /^(multipart\/|image\/|audio\/|video\/|font\/|model\/|application\/(octet-stream|pdf|zip|gzip|x-tar|x-7z|vnd\.ms-|vnd\.openxml|msword))/;

/** Content types that have no end of their own, or carry one message after the other. */
const STREAM =
  /^(text\/event-stream|application\/(x-ndjson|ndjson|jsonl|x-jsonlines|json-seq|stream\+json|grpc))/;

const JSON_TYPE = /^(application\/json|text\/json|application\/[\w.-]+\+json)$/;
const FORM_TYPE = "application/x-www-form-urlencoded";
/** Text as people write it. No XML: its secrets are not told by the keys that are known here. */
const TEXT_TYPE = /^(text\/plain|application\/graphql)$/;

/** What is recorded of a body. */
export interface BodyFacts {
  readonly sizeBytes: number | undefined;
  readonly text: string | undefined;
  readonly omitted: BodyOmission | undefined;
}

type Header = (name: string) => string | undefined;

/** The body of one request. */
export class Body {
  #settings: Settings;
  readonly #type: string;
  readonly #announcedBytes: number | undefined;
  #omitted: BodyOmission | undefined;
  #chunks: Buffer[] = [];
  #sizeBytes = 0;
  #complete = false;
  #isUnseen = false;
  #parsed: { readonly value: unknown } | undefined;

  private constructor(header: Header, settings: Settings) {
    this.#settings = settings;
    this.#type = typeOf(header("content-type"));
    this.#announcedBytes = lengthOf(header("content-length"));
    this.#omitted = this.#reasonAtOnce(header);
  }

  /** The body of a request that may have one worth recording; undefined for all others. */
  static of(method: string, header: Header, settings: Settings): Body | undefined {
    if (!MUTATIONS.has(method)) return undefined;
    const length = header("content-length");
    const hasBody =
      length === undefined ? header("transfer-encoding") !== undefined : length !== "0";
    // HTTP/2 frames need neither header; what arrives tells.
    return hasBody || length === undefined ? new Body(header, settings) : undefined;
  }

  /** Bytes arrive; they are copied, because the application may change its own. */
  push(chunk: Uint8Array): void {
    this.#sizeBytes += chunk.byteLength;
    if (this.#omitted !== undefined) return;
    if (this.#sizeBytes > this.#settings.bodySizeMaxBytes) {
      this.#omitted = "too_large";
      this.#chunks = [];
    } else {
      this.#chunks.push(Buffer.from(chunk));
    }
  }

  /** The last byte has arrived. */
  finish(): void {
    this.#complete = true;
  }

  get isFinished(): boolean {
    return this.#complete;
  }

  /** Bytes of it have passed already: only what the framework parses can be recorded. */
  missed(): void {
    this.#isUnseen = true;
  }

  /** What the framework made of the body; used where its bytes could not be seen. */
  parsed(value: unknown): void {
    this.#parsed = { value };
  }

  /** A middleware closer to the application has its own settings. */
  restrict(settings: Settings): void {
    this.#settings = settings;
    if (!settings.captureBody) this.#omitted = "disabled";
    else if (this.#sizeBytes > settings.bodySizeMaxBytes) this.#omitted ??= "too_large";
    if (this.#omitted !== undefined) this.#chunks = [];
  }

  /** What to record; undefined where there was no body. */
  facts(): BodyFacts | undefined {
    if (this.#isUnseen) return this.#parsedFacts();
    if (this.#complete && this.#sizeBytes === 0) return undefined;
    const sizeBytes = this.#complete ? this.#sizeBytes : this.#announcedBytes;
    if (this.#omitted !== undefined) return omit(this.#omitted, sizeBytes);
    if (!this.#complete) {
      const isEmpty = this.#sizeBytes === 0 && sizeBytes === undefined;
      return isEmpty ? undefined : omit("incomplete", sizeBytes);
    }
    const [only, ...more] = this.#chunks;
    const whole = only === undefined || more.length > 0 ? Buffer.concat(this.#chunks) : only;
    return this.#read(whole.toString("utf8"), sizeBytes);
  }

  #read(text: string, sizeBytes: number | undefined): BodyFacts {
    if (TEXT_TYPE.test(this.#type)) {
      return { sizeBytes, text, omitted: undefined };
    }
    return this.#redacted(this.#type === FORM_TYPE ? formAsJson(text) : text, sizeBytes);
  }

  #parsedFacts(): BodyFacts | undefined {
    const value = this.#parsed?.value;
    const sizeBytes = this.#announcedBytes;
    const isNothing = value === undefined || value === null;
    if (isNothing && (sizeBytes ?? 0) === 0) return undefined;
    // What was packed is plain by now; files and what is too large stay what they are.
    const omitted = this.#omitted === "encoded" ? undefined : this.#omitted;
    if (omitted !== undefined) return omit(omitted, sizeBytes);
    if (isNothing) return omit("unseen", sizeBytes);
    if (value instanceof Uint8Array) return omit("unsupported_type", sizeBytes);
    if (typeof value === "string") {
      const isLarge = Buffer.byteLength(value) > this.#settings.bodySizeMaxBytes;
      return isLarge ? omit("too_large", sizeBytes) : this.#read(value, sizeBytes);
    }
    const text = jsonText(value);
    if (text === undefined || text.length > this.#settings.bodySizeMaxBytes) {
      return omit("too_large", sizeBytes);
    }
    return this.#redacted(text, sizeBytes);
  }

  #redacted(json: string, sizeBytes: number | undefined): BodyFacts {
    try {
      const text = redactedJson(json, this.#settings.redactKeys);
      return { sizeBytes, text, omitted: undefined };
    } catch {
      return omit("unparseable", sizeBytes);
    }
  }

  #reasonAtOnce(header: Header): BodyOmission | undefined {
    if (!this.#settings.captureBody) return "disabled";
    if (UPLOAD.test(this.#type)) return "upload";
    if (STREAM.test(this.#type)) return "stream";
    const encoding = header("content-encoding")?.trim().toLowerCase();
    if (encoding !== undefined && encoding !== "" && encoding !== "identity") return "encoded";
    if ((this.#announcedBytes ?? 0) > this.#settings.bodySizeMaxBytes) return "too_large";
    const isKnown = JSON_TYPE.test(this.#type) || TEXT_TYPE.test(this.#type);
    return isKnown || this.#type === FORM_TYPE ? undefined : "unsupported_type";
  }
}

function omit(omitted: BodyOmission, sizeBytes: number | undefined): BodyFacts {
  return { sizeBytes, text: undefined, omitted };
}

function typeOf(contentType: string | undefined): string {
  return (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function lengthOf(contentLength: string | undefined): number | undefined {
  return contentLength !== undefined && /^\d{1,15}$/.test(contentLength)
    ? Number(contentLength)
    : undefined;
}

/** A form as JSON text; a name that comes again makes a list. */
function formAsJson(text: string): string {
  const fields = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    const before = fields.get(name);
    if (before === undefined) fields.set(name, value);
    else if (typeof before === "string") fields.set(name, [before, value]);
    else before.push(value);
  }
  return JSON.stringify(Object.fromEntries(fields));
}
