/**
 * What the OTLP servers take and give: the contract between this stage and the pipeline.
 */
/** How a request is encoded. */
export type OtlpFormat = "protobuf" | "json";

/** What a request carries. */
export type OtlpSignal = "traces" | "logs";

/** One export request as it came, decompressed, for the pipeline to make durable. */
export interface ExportRequest {
  /**
   * The decompressed body: the handler's until it is done, which may hand its memory to another thread.
   * Whatever is left of it then is given back.
   */
  readonly body: Buffer;
  readonly signal: OtlpSignal;
  readonly transport: "grpc" | "http";
  readonly format: OtlpFormat;
  /** Size of the decompressed body. */
  readonly sizeBytes: number;
  /**
   * Gives the body's memory back before the handler is done, because it waits for a disk: nobody
   * looks at the body any more.
   */
  readonly freeBody: () => void;
}

/** What came of a request once it is durable. */
export interface ExportOutcome {
  /** Spans or log records that were refused for good: the client must not resend them. */
  readonly rejected: number;
  /** Why, for people, without content; empty on full success. */
  readonly message: string;
}

/**
 * Make a request durable. Called for every request, an empty one too.
 *
 * Resolves once everything that was not refused is on the disk: only then the client is answered.
 * Rejects with a `StageError` when nothing may be acknowledged. One whose code is an
 * `OtlpErrorCode` is answered as that says (a body that cannot be read). Any other retryable
 * one becomes UNAVAILABLE / 503 (`retryAfterMs`, if it has that property, becomes RetryInfo /
 * Retry-After), another one INTERNAL / 500, any other error UNAVAILABLE / 503.
 */
export type ExportHandler = (request: ExportRequest) => Promise<ExportOutcome>;

/** The part of a logger that is used here: pino fits. Content is never passed. */
export interface OtlpLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A running server. */
export interface OtlpServer {
  /** The bound port, also when port 0 was asked for. */
  readonly port: number;
  /**
   * Stop accepting, let running requests finish for at most this long, then cut them.
   *
   * @param graceMs milliseconds, 0 or more
   */
  stop(graceMs: number): Promise<void>;
}
