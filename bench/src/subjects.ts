/**
 * What is compared: Spanledger, and a Collector in four set-ups. Each stores into the same ClickHouse,
 * into a database of its own.
 *
 * In: a folder and ClickHouse's URL. Out: a running process. Side effects: processes, files.
 */
import { join } from "node:path";
import { startServerProcess } from "../../test/fixtures/server.ts";
import {
  COLLECTOR_DATABASE,
  COLLECTOR_SPANS,
  type RunningProcess,
  startClickHouseCollector,
} from "./collector.ts";

export interface Subject {
  readonly name: string;
  readonly isOurs: boolean;
  readonly redacts: boolean;
  readonly database: string;
  readonly spans: string;
  /** Start it on a folder; again on the same one after a crash. */
  start(dir: string, clickhouseUrl: string): Promise<RunningProcess>;
}

export const SPANLEDGER: Subject = {
  name: "Spanledger",
  isOurs: true,
  redacts: true,
  database: "spanledger",
  spans: "spans",
  start: async (dir, clickhouseUrl) => {
    const server = await startServerProcess({
      SPANLEDGER_DATA_DIR: join(dir, "data"),
      SPANLEDGER_CLICKHOUSE_URL: clickhouseUrl,
      SPANLEDGER_LOG_LEVEL: "error",
    });
    return {
      pid: server.process.pid ?? 0,
      grpcUrl: server.otlpGrpcUrl,
      httpUrl: server.otlpHttpUrl,
      end: async (signal) => {
        if (signal === "SIGKILL") server.process.kill("SIGKILL");
        await server.stop();
      },
    };
  },
};

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
    isOurs: false,
    redacts,
    database: COLLECTOR_DATABASE,
    spans: COLLECTOR_SPANS,
    start: (dir, clickhouseUrl) =>
      startClickHouseCollector({ program, dir, clickhouseUrl, redacts, isPersistent }),
  };
}
