-- The receiver's log: one row per batch, the header that chains it to the one before, and what the header says.
CREATE TABLE IF NOT EXISTS ledger
(
    Origin LowCardinality(String),
    Sequence UInt64 CODEC(Delta, ZSTD(1)),
    BatchId String CODEC(ZSTD(1)),
    HeaderHash String CODEC(ZSTD(1)),
    PreviousHeader String CODEC(ZSTD(1)),
    Header String CODEC(ZSTD(1)),
    Segments String CODEC(ZSTD(1)),
    Rows UInt64 CODEC(ZSTD(1)),
    LostRecords UInt32 CODEC(ZSTD(1)),
    PolicyDigest LowCardinality(String),
    ClosedAt DateTime64(9) CODEC(Delta, ZSTD(1)),
    ExpiresAt DateTime CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYear(ClosedAt)
ORDER BY (Origin, Sequence)
TTL ExpiresAt
SETTINGS storage_policy = '{{storage_policy}}',
    -- Between two tries of a batch ClickHouse sees at most three batches of a receiver (IN_FLIGHT_MAX), each on at
    -- most 1,152 days (BATCH_MAX_DAYS + REQUEST_MAX_DAYS), thus 3,456 parts: three receivers fit the window.
    non_replicated_deduplication_window = 10000,
    -- A batch leaves the spool when its INSERTs are answered: they must be on the disk by then.
    fsync_after_insert = 1, fsync_part_directory = 1,
    -- Merging small parts by twos and threes cost as much as inserting them: twenty at a time instead.
    min_parts_to_merge_at_once = 20;
