/** Errors of the schema's migrations and of retention rules. */
import { StageError } from "../base/errors.ts";

/**
 * - `MIGRATION_CHANGED`: an applied migration's file has another checksum now
 * - `MIGRATION_MISSING`: the database has a migration that these files do not
 * - `MIGRATION_FAILED`: a statement was refused by ClickHouse; the next start tries it again
 */
export type MigrationErrorCode = "MIGRATION_CHANGED" | "MIGRATION_MISSING" | "MIGRATION_FAILED";

export class MigrationError extends StageError<MigrationErrorCode> {}
