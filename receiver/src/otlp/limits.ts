/**
 * Every limit of the OTLP receiver, each with its reason. Pure constants.
 */

/** Largest request before and after decompression, in bytes (64 MiB): 40,000 spans of 1.5 KB. */
export const BODY_SIZE_MAX_BYTES = 67_108_864;

/**
 * Bytes of decompressed bodies held at once, by all requests together (128 MiB): one of the largest
 * twice, as it came and decompressed. Beyond it a request is told to come back.
 */
export const IN_FLIGHT_MAX_BYTES = 134_217_728;

/**
 * Bytes of bodies, arriving or held, beyond which no further one is read (16 MiB): twenty of 512 spans
 * keep one thread busy, and what waits in memory for it makes nothing faster. A larger body comes
 * when it is alone.
 */
export const READ_AHEAD_MAX_BYTES = 16_777_216;

/**
 * Bytes of a body of unknown size, mostly a compressed one, that are kept as they came until all is there
 * (1 MiB). What is larger is put into memory that holds {@link GATHER_FACTOR} times as much.
 */
export const CHUNKS_MAX_BYTES = 1_048_576;
export const GATHER_FACTOR = 4;

/** What a body counts for before it has come, where its size is not known, in bytes (1 MiB). */
export const BODY_SIZE_GUESS_BYTES = 1_048_576;

/** How much larger than its compressed size a body is taken to be before it has come. */
export const COMPRESSION_GUESS = 8;

/**
 * Largest window of a zstd frame, as a power of two (8 MiB): what RFC 8878 asks every decoder to
 * take, and what levels up to 19 use. The decoder allocates a whole window.
 */
export const ZSTD_WINDOW_LOG_MAX = 23;

/** zstd bodies decompressed at once: four times {@link ZSTD_WINDOW_LOG_MAX}, 32 MiB. */
export const ZSTD_CONCURRENT_MAX = 4;

/** Longest time from a request's first header to its last byte, in milliseconds. */
export const RECEIVE_TIMEOUT_MS = 30_000;

/** Longest wait for the records to become durable, in milliseconds. Exporters give up at 10 s. */
export const HANDLER_TIMEOUT_MS = 30_000;

/** Wait asked of a client whose request could not be taken, in milliseconds. */
export const RETRY_AFTER_MS = 1_000;

/** Bytes read and thrown away after an early refusal, so that the client sees the answer. */
export const DRAIN_MAX_BYTES = 67_108_864;

/** Time an idle HTTP connection is kept, in milliseconds: more than the 60 s of load balancers. */
export const KEEP_ALIVE_MS = 65_000;

/** Time for the headers of an HTTP request, in milliseconds. */
export const HEADERS_TIMEOUT_MS = 10_000;

/** Open HTTP connections. Each costs some 20 KB; more clients belong behind a Collector. */
export const CONNECTIONS_MAX = 4_096;

/**
 * gRPC calls whose message is arriving. grpc-js hands a message over as a whole, so this times
 * {@link BODY_SIZE_MAX_BYTES} bounds the memory before the budget can be asked: 256 MiB. Messages
 * arrive in milliseconds, so that four keep one thread busy.
 */
export const GRPC_RECEIVING_MAX = 4;

/**
 * Bytes of gRPC messages after whose arrival V8 is told to look for what they came in (8 MiB): ten
 * requests of 512 spans. Looking takes up to a millisecond.
 */
export const GRPC_GARBAGE_MAX_BYTES = 8_388_608;

/** HTTP requests whose body is arriving, each from a connection of its own that may be slow. */
export const HTTP_RECEIVING_MAX = 32;

/**
 * Requests that wait for their body to be read, for gRPC and HTTP each. Flow control stops their
 * clients at one window or one socket buffer of 64 KiB: 64 MiB in all.
 */
export const WAITING_MAX = 1_024;

/** Longest wait of a request to be read, in milliseconds: exporters give up at 10 s. */
export const WAIT_TIMEOUT_MS = 10_000;

/**
 * Time for a body to arrive while others wait, in milliseconds: 512 spans of 1.5 KB take that at
 * 1.2 Mbit/s. A client that stalls does not stop the others for longer.
 */
export const TURN_MS = 5_000;

/** Time without traffic after which a gRPC connection is asked whether it lives, in milliseconds. */
export const GRPC_KEEPALIVE_MS = 60_000;

/** Time for the answer to that, in milliseconds. */
export const GRPC_KEEPALIVE_TIMEOUT_MS = 20_000;

/** Concurrent streams that a gRPC connection may open: RFC 9113 asks for no fewer. */
export const GRPC_STREAMS_MAX = 100;

/** Longest status message, in characters: it travels in a header. */
export const MESSAGE_MAX_CHARS = 512;
