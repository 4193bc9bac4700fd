/**
 * What is compared: Spanledger, and a Collector in four set-ups. Each stores into the same ClickHouse,
 * into a database of its own.
 *
 * In: a folder and ClickHouse's URL. Out: a running process. Side effects: processes, files.
 */
import { join } from "node:path";
import { DATABASE, SPANS } from "@spanledger/schema";
import { startServerProcess } from "../../test/fixtures/server.ts";
import {
  COLLECTOR_DATABASE,
  COLLECTOR_SPANS,
  type RunningProcess,
  startClickHouseCollector,
} from "./collector.ts";

/** Name of the subject that the others are compared with. */
export const OURS = "Spanledger";

export interface Subject {
  readonly name: string;
  readonly database: string;
  readonly spans: string;
  /** Start it on a folder; again on the same one after a crash. */
  start(dir: string, clickhouseUrl: string | undefined): Promise<RunningProcess>;
}

/** Where a subject keeps what is acknowledged and not yet stored, below its folder. */
export const SPOOL_DIR: string = join("data", "spool");

/**
 * `spanledger serve`; on an engine of its own unless it is given a URL.
 *
 * @param environment further variables
 */
export function spanledger(environment: Readonly<Record<string, string>> = {}): Subject {
  return {
    name: OURS,
    database: DATABASE,
    spans: SPANS.name,
    start: async (dir, clickhouseUrl) => {
      const server = await startServerProcess({
        SPANLEDGER_DATA_DIR: join(dir, "data"),
        ...(clickhouseUrl === undefined ? {} : { SPANLEDGER_CLICKHOUSE_URL: clickhouseUrl }),
        SPANLEDGER_LOG_LEVEL: "error",
        ...environment,
      });
      return {
        pid: server.process.pid ?? 0,
        grpcUrl: server.otlpGrpcUrl,
        httpUrl: server.otlpHttpUrl,
        clickhouseUrl: server.clickhouseUrl,
        end: async (signal) => {
          if (signal === "SIGKILL") server.process.kill("SIGKILL");
          await server.stop();
        },
      };
    },
  };
}

/** A Collector in every set-up that is compared. */
export function collectors(program: string): readonly Subject[] {
  return [true, false].flatMap((redacts) =>
    [false, true].map((isPersistent) => collector(program, redacts, isPersistent)),
  );
}

function collector(program: string, redacts: boolean, isPersistent: boolean): Subject {
  const parts = ["Collector", redacts ? "redaction" : "", isPersistent ? "queue on disk" : ""];
  return {
    name: parts.filter((part) => part !== "").join(" + "),
    database: COLLECTOR_DATABASE,
    spans: COLLECTOR_SPANS,
    start: (dir, clickhouseUrl) => {
      if (clickhouseUrl === undefined) throw new Error("a Collector has no engine of its own");
      return startClickHouseCollector({ program, dir, clickhouseUrl, redacts, isPersistent });
    },
  };
}
