/** Public types of the HTTP server instrumentation. */
import type { IncomingMessage } from "node:http";
import type { InstrumentationConfig } from "@opentelemetry/instrumentation";
import type { Actor } from "@spanledger/api";

/** Why a request's body is not recorded: value of `http.request.body.omitted`. */
export type BodyOmission =
  /** `captureBody` is false. */
  | "disabled"
  /** The content is compressed; it is not unpacked here. */
  | "encoded"
  /** The response ended before the body did. */
  | "incomplete"
  /** Events, lines or messages without an end. */
  | "stream"
  /** More than `bodySizeMaxBytes`. */
  | "too_large"
  /** It is not what its content type says. */
  | "unparseable"
  /** It was read before the middleware had its turn, and left no parsed body behind. */
  | "unseen"
  /** No content type, or one that is neither text, JSON nor a form. */
  | "unsupported_type"
  /** Files: multipart, images, archives and other binary content. */
  | "upload";

/** What the middlewares take. */
export interface HttpOptions<Request = IncomingMessage> {
  /**
   * Who makes the request: an id of a user, or an actor. Asked when a run begins in the request and
   * when the request ends, so it may read what authentication found out (`request.user`). It must
   * not answer from headers that nobody has verified.
   */
  readonly actor?: (request: Request) => Actor | string | undefined;
  /** Record bodies of POST, PUT, PATCH and DELETE. @default true */
  readonly captureBody?: boolean;
  /** Largest body that is recorded, in bytes, 0 to 65,536. @default 65536 */
  readonly bodySizeMaxBytes?: number;
  /** Query parameters whose values are recorded; of others only the names are. @default none */
  readonly queryValues?: readonly string[];
  /** More keys of bodies whose values are replaced, beside those of secrets. @default none */
  readonly redactKeys?: readonly string[];
  /**
   * Take run, actor and workspace from the request's `baggage`. Only where every caller is a service
   * of your own: whoever sends a request could say who acts. @default false
   */
  readonly trustBaggage?: boolean;
  /** Requests that are not recorded: health checks. They still get a request id. @default none */
  readonly ignore?: (request: { readonly method: string; readonly path: string }) => boolean;
}

/** Options of {@link HttpInstrumentation}. */
export interface HttpInstrumentationConfig extends InstrumentationConfig, HttpOptions {}

/** What {@link HttpInstrumentation.manuallyInstrument} takes: `node:http` or `node:https`. */
export interface HttpModule {
  readonly Server?: unknown;
}
