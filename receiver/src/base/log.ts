/**
 * The program's log: JSON lines on standard error, never content of a record.
 */
import { type DestinationStream, destination, type Logger, pino } from "pino";

export type Log = Logger;

/**
 * A logger.
 *
 * @param level lowest level written
 * @param sink where lines go; standard error unless a test wants them
 */
export function createLog(level: string, sink?: DestinationStream): Log {
  return pino(
    { level, base: { service: "spanledger" }, timestamp: pino.stdTimeFunctions.isoTime },
    // Synchronous: a line about a crash must be out before the process is.
    sink ?? destination({ fd: 2, sync: true }),
  );
}
