/**
 * Every limit of the spool, each with its reason. Pure constants.
 */
import { REQUEST_ROWS_SIZE_MAX_BYTES } from "../base/batch.ts";

/**
 * Room that must stay free on the disk, in bytes (64 MiB): for the seals and journal entries that
 * let waiting batches go, and for the engine to merge on the same disk.
 */
export const DISK_FREE_MIN_BYTES = 67_108_864;

/** Shortest time between two looks at the disk's free room, in milliseconds. */
export const DISK_LOOK_INTERVAL_MS = 100;

/**
 * A batch closes at this size, in bytes of its records (96 MiB): an INSERT costs ClickHouse as much as
 * several thousand spans before it has read one, and parts that begin larger are merged less often.
 */
export const BATCH_MAX_BYTES = 100_663_296;

/**
 * A batch closes when its rows take so much as columns, in bytes (56 MiB): that is what is held in
 * memory until it is stored. Of spans of 1.5 KB columns are about half of the records.
 */
export const BATCH_MAX_COLUMN_BYTES = 58_720_256;

/**
 * Batches whose rows are held as columns: one that is inserted, one that waits for it, one that is
 * open. Others are read back from the disk when their turn comes.
 */
export const PREPARED_MAX = 3;

/**
 * Columns held by batches before another one may hold its own, in bytes (126 MiB): two full batches
 * and some. Requests near the largest make batches of more than a full one's size, and then fewer are held.
 */
export const PREPARED_MAX_BYTES = 132_120_576;

/**
 * Memory for records is taken in pieces of this size, in bytes (8 MiB): several records of 512 spans,
 * 1.2 MB each. A larger one gets memory of its own. What nothing was written to is not resident.
 */
export const SLAB_SIZE_BYTES = 8_388_608;

/**
 * Pieces kept while no record lies in them (96 MiB): as many as {@link PENDING_MAX_BYTES} takes, and
 * those that are begun. Given back to the allocator they leave holes that nothing else of their size
 * fills.
 */
export const SLABS_KEPT_MAX = 12;

/**
 * Memory for a record larger than a slab is made in steps of this size, in bytes (4 MiB), with a step
 * to spare, so that the next one like it fits. Collectors send 8,192 spans at once: 20 MB of rows.
 */
export const LARGE_STEP_BYTES = 4_194_304;

/**
 * A request whose record is larger is acknowledged when that is also read no more, in bytes (32 MiB):
 * its client would else send the next one while two copies of this one are in memory. The memory of such
 * a record is not kept, and goes from thread to thread instead of being shared.
 */
export const HELD_BACK_MIN_BYTES = 33_554_432;

/** How much of such memory is kept for the next ones, in bytes (96 MiB). */
export const LARGE_KEPT_MAX_BYTES = 100_663_296;

/** A batch closes at this many rows of all tables: ClickHouse makes one part of up to a million. */
export const BATCH_MAX_ROWS = 262_144;

/** A batch closes at this age, in milliseconds: how late a record becomes visible. */
export const BATCH_MAX_AGE_MS = 1_000;

/**
 * A batch of many rows closes when no request has come for so long, in milliseconds, and it
 * would be inserted at once: what came last of a burst is visible sooner.
 */
export const BATCH_IDLE_MS = 100;

/** Rows from which on that pays: an INSERT costs as much as several thousand rows before the first. */
export const BATCH_IDLE_MIN_ROWS = 8_192;

/**
 * While others wait for ClickHouse a batch may grow until this age, in milliseconds: closing it
 * earlier would make more inserts and show nothing sooner.
 */
export const BATCH_BACKLOG_AGE_MS = 10_000;

/**
 * A batch closes when its spans lie on this many days. Each day is a partition, thus a part and an
 * entry in ClickHouse's deduplication log.
 */
export const BATCH_MAX_DAYS = 128;

/** Most days in one request; see {@link BATCH_MAX_DAYS}. Three years of backfill in one request. */
export const REQUEST_MAX_DAYS = 1_024;

/**
 * Largest record, in bytes: rows of the largest request and where each of them ends. A row takes more
 * than eight times the four bytes of its end, so that no request which the encoder makes is refused
 * for it.
 */
export const RECORD_MAX_BYTES: number = (REQUEST_ROWS_SIZE_MAX_BYTES / 8) * 9;

/**
 * Requests that are made into records at the same time: while one is, the next is handed over. More
 * would only wait in a batch that could not be closed before they are through.
 */
export const RECORDING_MAX = 2;

/** Bytes that wait for the disk, or to be turned into columns (64 MiB); further requests wait before they are encoded. */
export const PENDING_MAX_BYTES = 67_108_864;

/**
 * Memory of records in batches that are not sealed yet (64 MiB). Further requests wait: seals are made
 * one after another, and a slow disk would let batches pile up.
 */
export const UNSEALED_MAX_BYTES = 67_108_864;

/**
 * Requests whose digests are kept, so that a retry is stored once: half of them in each of two
 * generations. Six minutes at the highest load measured, days at a usual one; about 25 MB.
 */
export const WINDOW_MAX_REQUESTS = 262_144;

/** Longest life of a generation of digests, in milliseconds (a day): queues of senders end by then. */
export const WINDOW_MAX_AGE_MS = 86_400_000;

/**
 * Requests whose digests are kept however old they seem: a wall clock that steps forward by days
 * must not make a retry of the last minutes a new request. About 3 MB.
 */
export const WINDOW_MIN_REQUESTS = 32_768;

/** Pause before a seal is written again that the disk did not take; doubles up to the largest. */
export const RETRY_FIRST_MS = 100;
export const RETRY_MAX_MS = 5_000;
