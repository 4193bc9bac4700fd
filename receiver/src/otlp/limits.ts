/**
 * Every limit of the OTLP receiver, each with its reason. Pure constants.
 */

/** Largest request before and after decompression, in bytes (64 MiB): 40,000 spans of 1.5 KB. */
export const BODY_SIZE_MAX_BYTES = 67_108_864;

/**
 * Bytes of decompressed bodies held at once, by all requests together (256 MiB). Four of the
 * largest requests fit; beyond it a request is told to come back, so that memory stays bounded.
 */
export const IN_FLIGHT_MAX_BYTES = 268_435_456;

/** Spans in one request. SDKs send 512, Collectors 8,192; a larger request is to be split. */
export const REQUEST_SPANS_MAX = 65_536;

/**
 * ResourceSpans, ScopeSpans, spans and their headers in one request (2^19). Room for
 * {@link REQUEST_SPANS_MAX} spans that each come under a resource and scope of their own.
 */
export const ENVELOPE_ELEMENTS_MAX = 524_288;

/**
 * Length-delimited fields within one request (2^23). An empty message takes two bytes on the wire
 * and a hundred in memory: without this limit 64 MiB of them would take gigabytes.
 */
export const REQUEST_ELEMENTS_MAX = 8_388_608;

/** Length-delimited fields within one span (2^18). An embedding as an array takes 3,072. */
export const SPAN_ELEMENTS_MAX = 262_144;

/** Attributes of one span, event, link, resource or scope. The SDKs' default limit is 128. */
export const ATTRIBUTES_MAX = 1_024;

/** Events of one span. The SDKs' default limit is 128; streamed tokens make more. */
export const EVENTS_MAX = 4_096;

/** Links of one span. The SDKs' default limit is 128. */
export const LINKS_MAX = 1_024;

/**
 * Arrays and key-value lists within one another in an attribute. A level takes three messages, and
 * protobuf readers stop at 100 messages: 32 levels are what every one of them can read.
 */
export const VALUE_DEPTH_MAX = 32;

/** Braces, brackets and commas in one JSON body (2^23): bounds the objects it turns into. */
export const JSON_TOKENS_MAX = 8_388_608;

/** Nesting of a JSON body: four levels for each of {@link VALUE_DEPTH_MAX}, and room around. */
export const JSON_DEPTH_MAX = 192;

/** Latest time of a span, in nanoseconds: a signed 64-bit count, the year 2262. */
export const TIME_MAX_NS: bigint = 2n ** 63n - 1n;

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
 * gRPC calls whose message is still arriving. grpc-js buffers and decompresses a message by
 * itself, so this and not the bytes bounds the memory before we see it.
 */
export const GRPC_RECEIVING_MAX = 64;

/** Concurrent streams that a gRPC connection may open; the default of most servers. */
export const GRPC_STREAMS_MAX = 100;

/** Longest status message, in characters: it travels in a header. */
export const MESSAGE_MAX_CHARS = 512;
