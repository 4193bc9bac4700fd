/**
 * What the encoder and the spool hand to one another: rows of a request, made for the open batch.
 */
import { StageError } from "./errors.ts";

/**
 * Rows that one request may turn into, in bytes (128 MiB, twice the largest body). Every row repeats
 * its resource and the names of its run: large ones over many rows would else fill the memory.
 */
export const REQUEST_ROWS_SIZE_MAX_BYTES = 134_217_728;

/**
 * What a request turns into is more than a batch can hold; smaller ones will do. The code is one that
 * the OTLP stage answers with 413 and RESOURCE_EXHAUSTED, whichever stage throws it.
 */
export class RequestTooLargeError extends StageError<"OTLP_REQUEST_TOO_LARGE"> {
  constructor(message: string) {
    super("OTLP_REQUEST_TOO_LARGE", `${message}; send smaller batches`, { retryable: false });
  }
}

/** The rows would be larger than {@link REQUEST_ROWS_SIZE_MAX_BYTES}. */
export function rowsTooLarge(): RequestTooLargeError {
  return new RequestTooLargeError(`more than ${REQUEST_ROWS_SIZE_MAX_BYTES} bytes of rows`);
}

/** What is the same for the rows of one table in the open batch. */
export interface TablePlace {
  /** Number of the segment that the table's rows fall into. */
  readonly segment: number;
  /** Row number of the next row. */
  readonly nextRow: number;
  /** Seconds since 1970 at which the rows expire. */
  readonly expiresAtS: number;
}

/** Where the rows of a request will stand. */
export interface BatchPlace {
  /** ULID of the open batch, 26 characters. */
  readonly batchId: string;
  /** The workspace that the sender is bound to; never taken from an attribute. */
  readonly workspaceId: string;
  readonly retentionClass: string;
  /** One per table, in the order of `BATCH_TABLES`. */
  readonly tables: readonly TablePlace[];
}

/** Rows of one table as RowBinary, column after column in schema order. */
export interface EncodedRows {
  /** The rows, one after another; valid only until the encoder's next call. */
  readonly bytes: Uint8Array;
  /** Where each row ends in `bytes`; its length is the number of rows. Valid as long as `bytes`. */
  readonly rowEnds: Uint32Array;
  /** The ledger's leaf of each row, one after another, where the encoder made them. */
  readonly leaves?: Uint8Array;
}

/**
 * Makes the leaves of rows `from` to before `to`: what stands for their bytes, a character each.
 *
 * @param framed the rows, and one byte before the first; the same bytes afterwards
 * @param rowEnds where each row ends, counted from the first one
 */
export type HashRows = (
  framed: Uint8Array,
  rowEnds: Uint32Array,
  from: number,
  to: number,
) => string;

/** A request as rows. */
export interface EncodedRequest {
  /** One per table, in the order of `BATCH_TABLES`. */
  readonly tables: readonly EncodedRows[];
  /** Spans (or log records) that were refused for good, and why, for the partial success. */
  readonly rejected: number;
  /** For people, without content; empty when nothing is to be said. */
  readonly message: string;
  /**
   * Gives back what a large request made of one table's memory, before the encoder's next call. The rows
   * of that table are gone then.
   */
  readonly release?: (table: number) => void;
}

/**
 * Turn a request into rows for the open batch. Synchronous, so that the place stays true.
 *
 * @throws an error of the OTLP stage when the request cannot be read; then nothing is appended
 */
export type Encode = (place: BatchPlace) => EncodedRequest;

/** What came of appending a request. */
export interface Appended {
  readonly rejected: number;
  readonly message: string;
}

/** Makes requests durable. */
export interface Journal<Request> {
  /**
   * Append a request to the open batch and resolve once it is on the disk.
   *
   * @param digest of the request, 32 bytes: a known one is acknowledged without being looked at
   * @throws a retryable `StageError` when the record cannot be kept now
   */
  append(digest: Uint8Array, request: Request): Promise<Appended>;
}
