/**
 * Every limit of the embedded engine, in one place, each with its reason.
 *
 * Pure constants; the README's table lists the same names.
 */

/** Most queries that run at the same time. More wait: the engine uses every core for each. */
export const QUERIES_MAX = 16;

/** Most queries that wait for a free place; further ones get code 202. */
export const QUERIES_WAITING_MAX = 256;

/** Threads of libuv's pool beyond one per query: spool files, gzip, and cancelling a query. */
export const EXTRA_POOL_THREADS = 6;

/** Largest statement text in bytes unless `max_query_size` says otherwise (ClickHouse's own). */
export const QUERY_SIZE_DEFAULT_BYTES = 262_144;

/** Largest statement text that `max_query_size` may ask for (16 MiB): it is held in memory. */
export const QUERY_SIZE_MAX_BYTES = 16_777_216;

/** Largest insert body in bytes, after decompression (64 GiB): it is spooled to disk first. */
export const INSERT_BODY_MAX_BYTES = 68_719_476_736;

/** Largest result in the engine's memory (256 MiB): a reply is buffered to get its status right. */
export const RESULT_MAX_BYTES = 268_435_456;

/** Longest query of the read-only user in seconds unless it names another time. */
export const READER_EXECUTION_TIME_S = 60;

/** Longest silence while a request body arrives; a stalled sender must not hold a spool file. */
export const BODY_IDLE_MAX_MS = 120_000;

/** How long an idle connection stays open. Clients keep their own time below it. */
export const KEEP_ALIVE_MS = 30_000;

/** Largest request head (URL and headers) in bytes; ClickHouse allows 1 MiB of URL. */
export const REQUEST_HEAD_MAX_BYTES = 1_048_576;

/** Longest `query_id` and `session_id`, in characters. */
export const ID_MAX_CHARACTERS = 256;

/** Named sessions kept at a time; each holds an engine connection. */
export const NAMED_SESSIONS_MAX = 64;

/** Life of an unused named session in seconds, and the longest that may be asked for. */
export const SESSION_TIMEOUT_DEFAULT_S = 60;
export const SESSION_TIMEOUT_MAX_S = 3600;

/** First pause before a dead engine is started again; it doubles up to the largest. */
export const RESTART_PAUSE_FIRST_MS = 100;
export const RESTART_PAUSE_MAX_MS = 10_000;

/** An engine that lived this long has recovered: the next pause is the first one again. */
export const RESTART_HEALTHY_AFTER_MS = 60_000;

/** Longest start of the engine: it loads every table. Then it is killed and tried again. */
export const START_MAX_MS = 120_000;

/** How long a stopping engine may finish its queries before it is killed. */
export const STOP_MAX_MS = 15_000;

/** How long a stopping child waits for running queries, below {@link STOP_MAX_MS}. */
export const DRAIN_MAX_MS = 10_000;
