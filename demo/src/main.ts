/**
 * `npm run demo`: one workload through the whole product.
 *
 * In: `--keep` leaves the receiver running until Ctrl-C, `--data-dir` says where its data goes
 * (`.spanledger-demo` of the checkout). Out: the record's answers on standard output, progress on
 * standard error. Exit codes: 0 done, 1 something failed, 2 usage, 130 ended by a signal. Side
 * effects: that directory, made anew, and child processes, all ended when the demo ends.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type RunEvent, runApplication } from "./application.ts";
import { Children } from "./children.ts";
import { claimDataDirectory, releaseDataDirectory } from "./data-directory.ts";
import { createProgress, type Progress } from "./progress.ts";
import { type Receiver, startReceiver, waitUntilStored } from "./receiver.ts";
import { showNextSteps, showRecord, WORKFLOW } from "./show.ts";
import { startStandIns } from "./stand-ins.ts";

const DATA_DIRECTORY_DEFAULT: string = fileURLToPath(
  new URL("../../.spanledger-demo", import.meta.url),
);

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_SIGNAL = 130;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Make the runs, both phases, and wait until they are stored. */
async function makeRuns(
  children: Children,
  receiver: Receiver,
  parts: AsyncDisposableStack,
  progress: Progress,
): Promise<readonly RunEvent[]> {
  const standIns = parts.adopt(await startStandIns(), (started) => started.close());
  // The application's own state, in clear text: not beside the record, and not for long.
  const directory = parts.adopt(await mkdtemp(join(tmpdir(), "spanledger-demo-")), (path) =>
    rm(path, { recursive: true }),
  );
  const surroundings = {
    otlpUrl: receiver.otlpGrpcUrl,
    standIns,
    checkpointFile: join(directory, "checkpoints.json"),
  };
  const runs: RunEvent[] = [];
  let failed = 0;
  progress.stage("Starting the application");
  await runApplication(children, "triage", surroundings, (run, total) => {
    runs.push(run);
    failed += run.result === "failure" ? 1 : 0;
    progress.step("Triaging leads", runs.length, total, `, ${failed} failed`);
  });
  const triaged = runs.length;
  progress.stage("Starting the application again, with the approver's answers");
  await runApplication(children, "approve", surroundings, (run, total) => {
    runs.push(run);
    progress.step("Resuming large deals", runs.length - triaged, total);
  });
  const runIds = runs.map((run) => run.runId);
  const total = new Set(runIds).size;
  await waitUntilStored(receiver, WORKFLOW, runIds, (stored) =>
    progress.step("Stored runs", stored, total),
  );
  progress.clear();
  return runs;
}

interface DemoOptions {
  readonly keep: boolean;
  readonly dataDirectory: string;
  /** Resolves when a signal has come. */
  readonly stopped: Promise<void>;
}

async function demo(children: Children, options: DemoOptions): Promise<void> {
  const { keep, dataDirectory, stopped } = options;
  const startedAt = performance.now();
  const progress = createProgress(process.stderr);
  await using parts = new AsyncDisposableStack();
  parts.defer(() => progress.clear());
  await claimDataDirectory(dataDirectory, process.pid);
  parts.defer(() => releaseDataDirectory(dataDirectory));
  parts.defer(() => children.stopAll());
  progress.stage("Starting the receiver with its embedded ClickHouse");
  const receiver = await startReceiver(children, dataDirectory);
  const work = async (): Promise<void> => {
    const runs = await makeRuns(children, receiver, parts, progress);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    process.stdout.write(`${summary(runs)} Recorded and stored after ${seconds} s.\n`);
    await showRecord(children, receiver.apiUrl, runs);
    const path = relative(process.cwd(), dataDirectory);
    showNextSteps(
      runs,
      path.startsWith("..") ? dataDirectory : path,
      keep ? receiver.apiUrl : undefined,
    );
    if (keep) {
      await stopped;
    }
  };
  await Promise.race([work(), receiver.failed]);
}

function summary(runs: readonly RunEvent[]): string {
  const last = new Map(runs.map((run) => [run.runId, run.result]));
  const count = (result: RunEvent["result"]): number =>
    [...last.values()].filter((one) => one === result).length;
  return (
    `${last.size} runs of ${WORKFLOW}: ${count("success")} succeeded, ${count("failure")} failed, ` +
    `${count("paused")} waits for a person; ${runs.length - last.size} were paused and resumed.`
  );
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      keep: { type: "boolean", default: false },
      "data-dir": { type: "string", default: DATA_DIRECTORY_DEFAULT },
    },
  });
  const children = new Children();
  const stopped = Promise.withResolvers<void>();
  let signalled = false;
  for (const signal of SIGNALS) {
    // Twice is no more than once: npm hands a Ctrl-C on that the terminal has sent already.
    process.on(signal, () => {
      signalled = true;
      stopped.resolve();
      children.stopAll().catch(() => undefined);
    });
  }
  // Whoever reads the output has gone, as `head` does: nothing is left to show.
  process.stdout.once("error", () => process.kill(process.pid, "SIGTERM"));
  try {
    await demo(children, {
      keep: values.keep,
      dataDirectory: resolve(values["data-dir"]),
      stopped: stopped.promise,
    });
    return signalled && !values.keep ? EXIT_SIGNAL : 0;
  } catch (error) {
    if (signalled) {
      return EXIT_SIGNAL;
    }
    process.stderr.write(`The demo failed: ${error instanceof Error ? error.message : error}\n`);
    return EXIT_FAILED;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(
    `${error instanceof Error ? error.message : error}\nUsage: demo [--keep] [--data-dir DIRECTORY]\n`,
  );
  process.exitCode = EXIT_USAGE;
}
