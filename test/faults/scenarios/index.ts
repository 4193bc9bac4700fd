/**
 * Every scenario, in the order of the report.
 */
import type { Scenario } from "../scenario.ts";
import { clickhouseDown, spoolFull } from "./clickhouse-down.ts";
import { clickhouseKill } from "./clickhouse-kill.ts";
import { clientCut } from "./client-cut.ts";
import { clockStep } from "./clock-step.ts";
import { diskFull } from "./disk-full.ts";
import { duplicates } from "./duplicates.ts";
import { receiverKill } from "./receiver-kill.ts";

export const SCENARIOS: readonly Scenario[] = [
  receiverKill,
  clickhouseKill,
  clickhouseDown,
  spoolFull,
  diskFull,
  clientCut,
  clockStep,
  duplicates,
];
