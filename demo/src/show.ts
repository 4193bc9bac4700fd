/**
 * The second half of the demo: questions to the record, asked with the product's own commands.
 *
 * In: the runs. Out: on standard output each question, the command as one would type it, and its
 * real output. Side effects: one process per command.
 */
import type { RunEvent } from "./application.ts";
import { type Children, endOf } from "./children.ts";
import { childEnvironment } from "./environment.ts";
import { SPANLEDGER } from "./receiver.ts";

/** Name of the workflow in the record. */
export const WORKFLOW = "lead-triage";

interface Question {
  readonly text: string;
  readonly args: readonly string[];
}

/** The questions, asked about the runs that tell most. */
function questionsAbout(runs: readonly RunEvent[]): readonly Question[] {
  const failed = idOf(runs, "crm_rejects");
  const approved = idOf(runs, "approved");
  return [
    {
      text: "Which runs of the workflow failed in the last hour?",
      args: ["runs", "--workflow", WORKFLOW, "--status", "failure", "--since", "1h"],
    },
    {
      text: "What went into the step that the CRM rejected? (redacted before it was stored)",
      args: ["inputs", failed, "--step", "create_lead"],
    },
    { text: "Which way did that run take, and why?", args: ["decisions", failed] },
    {
      text: "And a large deal, which waited for a person: who approved it, what happened then?",
      args: ["run", approved],
    },
  ];
}

/** Ask all questions. @throws when a command fails or finds nothing */
export async function showRecord(
  children: Children,
  apiUrl: string,
  runs: readonly RunEvent[],
): Promise<void> {
  for (const { text, args } of questionsAbout(runs)) {
    process.stdout.write(`\n── ${text}\n$ spanledger ${args.join(" ")}\n`);
    const child = children.start({
      name: `spanledger ${args[0]}`,
      args: [SPANLEDGER, ...args],
      env: childEnvironment(process.env, { SPANLEDGER_URL: apiUrl }),
    });
    const exit = await child.exited;
    if (exit.code !== 0) {
      throw new Error(`${child.name} ended with ${endOf(exit)}\n${child.lastLines.join("\n")}`);
    }
  }
}

/** Say where to look next. */
export function showNextSteps(
  runs: readonly RunEvent[],
  dataDirectory: string,
  keptApiUrl: string | undefined,
): void {
  const failed = idOf(runs, "crm_rejects");
  const slow = idOf(runs, "enrichment_timeout");
  const unsure = idOf(runs, "low_confidence");
  const serve =
    keptApiUrl === undefined
      ? `The data stays in ${dataDirectory}. Serve it again, and ask from a second terminal:
  SPANLEDGER_DATA_DIR=${dataDirectory} npx spanledger serve`
      : `The receiver keeps running until Ctrl-C. Ask it from a second terminal:
  export SPANLEDGER_URL=${keptApiUrl}`;
  process.stdout.write(`
── Where to look next
${serve}
  npx spanledger runs --workflow ${WORKFLOW}
  npx spanledger run ${slow}
      a time-out and two retries
  npx spanledger decisions ${unsure}
      the default branch, on low confidence
  npx spanledger inputs ${failed}
      every input of the rejected run
  npx spanledger query --list
      more questions
What the application looks like: demo/src/lead-triage.ts; its one line: demo/src/app.ts.
`);
}

function idOf(runs: readonly RunEvent[], story: RunEvent["story"]): string {
  const run = runs.find((one) => one.story === story);
  if (run === undefined) {
    throw new Error(`the application made no run for ${story}`);
  }
  return run.runId;
}
