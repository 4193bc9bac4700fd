/**
 * Goal: whatever happens to ClickHouse or to the disk, nothing acknowledged is lost or doubled.
 * Method: the scenarios of `npm run faults` in their short form, with real processes.
 */

import { testScenario } from "./expect-nothing-lost.ts";
import { clickhouseDown, spoolFull } from "./scenarios/clickhouse-down.ts";
import { clickhouseKill } from "./scenarios/clickhouse-kill.ts";
import { diskFull } from "./scenarios/disk-full.ts";

testScenario(clickhouseKill);
testScenario(clickhouseDown);
testScenario(spoolFull);
testScenario(diskFull);
