/**
 * Every limit of reading a request, each with its reason. Pure constants.
 */

/** Spans in one request. SDKs send 512, Collectors 8,192; a larger request is to be split. */
export const REQUEST_SPANS_MAX = 65_536;

/**
 * ResourceSpans, ScopeSpans, spans and their headers in one request (2^19). Room for
 * {@link REQUEST_SPANS_MAX} spans that each come under a resource and scope of their own.
 */
export const ENVELOPE_ELEMENTS_MAX = 524_288;

/**
 * Length-delimited fields within one span, resource or scope (2^18). An embedding as an array takes
 * 3,072. An empty message takes two bytes on the wire and a hundred in memory: this bounds them.
 */
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

/** Braces, brackets and commas in one JSON body (2^23). */
export const JSON_TOKENS_MAX = 8_388_608;

/**
 * The same in one span or log record, and outside of all (2^21): bounds the objects that are there at
 * a time. Room for an array of {@link SPAN_ELEMENTS_MAX} values, and for {@link REQUEST_SPANS_MAX}
 * spans that each come under a scope and a resource of five attributes of their own.
 */
export const JSON_PART_TOKENS_MAX = 2_097_152;

/** Nesting of a JSON body: four levels for each of {@link VALUE_DEPTH_MAX}, and room around. */
export const JSON_DEPTH_MAX = 192;

/** Latest time of a span, in nanoseconds: a signed 64-bit count, the year 2262. */
export const TIME_MAX_NS: bigint = 2n ** 63n - 1n;
