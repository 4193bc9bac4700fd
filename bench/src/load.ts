/**
 * Starts load generators and runs phases on them.
 *
 * In: a target and phases. Out: results. Side effects: a process per generator.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type {
  FromGenerator,
  LoadPhase,
  LoadTarget,
  PhaseResult,
  ToGenerator,
} from "./load-types.ts";

const PROGRAM = fileURLToPath(new URL("load-generator.ts", import.meta.url));

export interface Load {
  readonly pid: number;
  run(phase: LoadPhase): Promise<PhaseResult>;
  /** End the process. */
  close(): Promise<void>;
}

/** Start a generator and wait until its requests are made. */
export async function startLoad(target: LoadTarget): Promise<Load> {
  const child = fork(PROGRAM, { serialization: "advanced" });
  const tell = async (message: ToGenerator): Promise<FromGenerator> => {
    child.send(message);
    return answerOf(child);
  };
  await tell({ kind: "open", target });
  return {
    pid: child.pid ?? 0,
    run: async (phase) => {
      const message = await tell({ kind: "run", phase });
      if (message.kind !== "ran") throw new Error(`the load generator said ${message.kind}`);
      return message.result;
    },
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.send({ kind: "close" } satisfies ToGenerator);
      await ended;
    },
  };
}

/** Its next message; an error when it ends instead. */
async function answerOf(child: ChildProcess): Promise<FromGenerator> {
  const over = new AbortController();
  try {
    return await Promise.race([
      once(child, "message", { signal: over.signal }).then(([message]) => message as FromGenerator),
      once(child, "exit", { signal: over.signal }).then(([code]): never => {
        throw new Error(`the load generator ended with ${String(code)}`);
      }),
    ]);
  } finally {
    over.abort();
  }
}
