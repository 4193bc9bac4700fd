/**
 * The disk full, then freed: everything on a small tmpfs, and a file that eats what is left of it.
 *
 * Needs the right to mount; without it the scenario is skipped and says why.
 */
import { execFile, spawnSync } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  type Form,
  type Outcome,
  play,
  type Scenario,
  type Stage,
  skippedOutcome,
} from "../scenario.ts";
import { until } from "../wait.ts";

const ROUNDS = { short: 2, long: 10 } as const;
const CONDITION_MAX_MS = 60_000;

/** Size of the disk: what the engine takes to start, the spool's reserve, and room for the load. */
const DISK = "768m";
const FILL_PIECE: Buffer = Buffer.alloc(1_048_576);
const FILL_LAST_PIECE: Buffer = Buffer.alloc(4_096);

const run = promisify(execFile);
const UNMOUNT = "umount";

export const diskFull: Scenario = {
  name: "disk full, then freed",
  async run(form, seed) {
    const mountPoint = await mkdtemp(join(tmpdir(), "spanledger-faults-disk-"));
    try {
      await run("mount", ["-t", "tmpfs", "-o", `size=${DISK},mode=700`, "tmpfs", mountPoint]);
    } catch (error) {
      await rm(mountPoint, { recursive: true });
      const { stderr } = error as { stderr?: string };
      return skippedOutcome(diskFull.name, seed, `cannot mount a tmpfs: ${stderr ?? error}`.trim());
    }
    const leave = (): unknown => spawnSync(UNMOUNT, ["--lazy", mountPoint]);
    process.once("exit", leave);
    try {
      return await playOn(mountPoint, form, seed);
    } finally {
      process.off("exit", leave);
      // After a failure the engine's process may still be leaving.
      await until("the disk can be unmounted", CONDITION_MAX_MS, () =>
        run(UNMOUNT, [mountPoint]).then(
          () => true,
          () => false,
        ),
      );
      await rm(mountPoint, { recursive: true });
    }
  },
};

async function playOn(mountPoint: string, form: Form, seed: number): Promise<Outcome> {
  const dataDir = join(mountPoint, "data");
  await mkdir(dataDir);
  return play(diskFull.name, form, seed, { dataDir }, async (stage) => {
    const filler = join(mountPoint, "filler");
    stage.load.start();
    for (let round = 0; round < ROUNDS[form]; round += 1) {
      await stage.load.tally.further("acknowledged", 40, CONDITION_MAX_MS);
      fill(filler);
      stage.fault();
      await stage.load.tally.further("refused", 20, CONDITION_MAX_MS);
      await freed(stage, filler, round % 2 === 1);
    }
    await stage.load.tally.further("acknowledged", 40, CONDITION_MAX_MS);
  });
}

/** Every second time the receiver is killed while the disk is full. */
async function freed({ receiver, fault }: Stage, filler: string, isKilled: boolean): Promise<void> {
  if (isKilled) {
    await receiver.kill();
    fault();
    receiver.spawn();
    await until("the receiver has tried to start", CONDITION_MAX_MS, () => {
      return receiver.isReady || !receiver.isRunning;
    });
  }
  await rm(filler);
  await receiver.ready();
}

/** Write until nothing more fits. */
function fill(path: string): void {
  const file = openSync(path, "w");
  try {
    for (const piece of [FILL_PIECE, FILL_LAST_PIECE]) {
      while (fits(file, piece)) {
        // The next piece.
      }
    }
  } finally {
    closeSync(file);
  }
}

function fits(file: number, piece: Buffer): boolean {
  try {
    return writeSync(file, piece) === piece.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return false;
    throw error;
  }
}
