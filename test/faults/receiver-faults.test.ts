/**
 * Goal: whatever happens to the receiver and its clients, nothing acknowledged is lost or doubled.
 * Method: the scenarios of `npm run faults` in their short form, with real processes.
 */

import { testScenario } from "./expect-nothing-lost.ts";
import { clientCut } from "./scenarios/client-cut.ts";
import { clockStep } from "./scenarios/clock-step.ts";
import { duplicates } from "./scenarios/duplicates.ts";
import { receiverKill } from "./scenarios/receiver-kill.ts";

testScenario(receiverKill);
testScenario(clientCut);
testScenario(clockStep);
testScenario(duplicates);
