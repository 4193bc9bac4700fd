/**
 * The demo's application: triages leads, as a process of its own.
 *
 * In: which leads and which phase (arguments), where the services are (environment). Out: one JSON
 * line per event on standard output, without personal data; exit code 0 also when runs fail, as
 * a service that works on. Side effects: HTTP to the services, telemetry, the checkpoint file.
 *
 * The first import is the whole instrumentation.
 */
import "@spanledger/register";
import { parseArgs } from "node:util";
import { MemorySaver } from "@langchain/langgraph";
import { type WorkflowOptions, type WorkflowRun, workflow } from "@spanledger/api";
import OpenAI from "openai";
import { answerFor } from "./approvals.ts";
import { loadCheckpoints, saveCheckpoints } from "./checkpoint-file.ts";
import type { AppEvent } from "./events.ts";
import { buildLeadTriage, type LeadTriage, type TriageOutcome } from "./lead-triage.ts";
import { LEADS, type Lead } from "./leads.ts";
import { ENRICHMENT_TIMEOUT_MS } from "./services.ts";

/** Runs at the same time: a few, as a small service has. */
const CONCURRENCY_DEFAULT = 3;

const USAGE = `Usage: app.ts [--phase triage|approve] [--leads L-01,L-02] [--limit N]
              [--concurrency N] [--checkpoint FILE] [--approver ID]
Environment: OPENAI_BASE_URL, OPENAI_API_KEY, DEMO_MODEL, DEMO_ENRICHMENT_URL,
             DEMO_ENRICHMENT_TIMEOUT_MS, DEMO_CRM_URL
`;

interface Options {
  readonly phase: "triage" | "approve";
  readonly leads: readonly Lead[];
  readonly concurrency: number;
  /** File that keeps waiting runs from one phase to the next; without it they are lost. */
  readonly checkpoint: string | undefined;
  readonly approver: string;
}

/** The arguments or the environment are wrong. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

function parseOptions(args: string[]): Options {
  const values = parseValues(args);
  const { phase, checkpoint, approver } = values;
  if (phase !== "triage" && phase !== "approve") {
    throw new UsageError("--phase is triage or approve");
  }
  if (phase === "approve" && checkpoint === undefined) {
    throw new UsageError("--phase approve needs --checkpoint");
  }
  const ids = values.leads?.split(",");
  const unknown = ids?.find((id) => !LEADS.some((lead) => lead.id === id));
  if (unknown !== undefined) {
    throw new UsageError(
      `--leads names ${unknown}; known are ${LEADS[0]?.id} to ${LEADS.at(-1)?.id}`,
    );
  }
  return {
    phase,
    leads: LEADS.filter((lead) => ids?.includes(lead.id) ?? true).slice(0, count(values, "limit")),
    concurrency: count(values, "concurrency"),
    checkpoint,
    approver,
  };
}

function parseValues(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        phase: { type: "string", default: "triage" },
        leads: { type: "string" },
        limit: { type: "string", default: String(LEADS.length) },
        concurrency: { type: "string", default: String(CONCURRENCY_DEFAULT) },
        checkpoint: { type: "string" },
        approver: { type: "string", default: "dana.whitfield" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function count(values: Readonly<Record<string, unknown>>, name: string): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1) {
    throw new UsageError(`--${name} is a whole number from 1`);
  }
  return value;
}

function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new UsageError(`${name} is not set`);
  }
  return value;
}

function emit(event: AppEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/** The facts of a run that no library can know. */
function factsOf(lead: Lead): WorkflowOptions {
  const byHand = lead.enteredBy !== undefined;
  return {
    id: "lead-triage",
    name: "lead-triage",
    version: "1.4.0",
    trigger: { type: byHand ? "manual" : "webhook", source: lead.source, id: `dlv-${lead.id}` },
    actor: byHand
      ? { id: lead.enteredBy, type: "user" }
      : { id: "svc-lead-intake", type: "service" },
    authorization: byHand
      ? "role sales-desk, policy lead-intake v3"
      : "webhook signature verified, policy lead-intake v3",
    conversationId: lead.id,
    tags: ["demo"],
  };
}

/** The facts of the part that goes on after an answer: a person started it. */
function factsOfResume(lead: Lead, approver: string): WorkflowOptions {
  return {
    ...factsOf(lead),
    trigger: { type: "manual", source: "deal-desk", id: `answer-${lead.id}` },
    actor: { id: approver, type: "user" },
    authorization: "role deal-approver, policy large-deals v2",
  };
}

async function runOne(
  lead: Lead,
  facts: WorkflowOptions,
  work: () => Promise<TriageOutcome>,
): Promise<void> {
  let run: WorkflowRun | undefined;
  let end: Pick<AppEvent & { event: "run" }, "result" | "status">;
  try {
    const outcome = await workflow(facts, (begun) => {
      run = begun;
      return work();
    });
    const { status } = outcome;
    end = { result: status === "waiting" ? "paused" : "success", status };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    end = { result: "failure", status: typeof code === "string" ? code : "ERROR" };
  }
  emit({ event: "run", leadId: lead.id, story: lead.story, runId: run?.runId ?? "", ...end });
}

async function runAll(options: Options, triage: LeadTriage): Promise<void> {
  const { phase, approver } = options;
  const jobs = options.leads.flatMap((lead) => {
    if (phase === "triage") {
      return [() => runOne(lead, factsOf(lead), () => triage.start(lead.id, lead.body))];
    }
    const answer = answerFor(lead, approver);
    return answer === undefined
      ? []
      : [() => runOne(lead, factsOfResume(lead, approver), () => triage.resume(lead.id, answer))];
  });
  emit({ event: "started", phase, runs: jobs.length });
  const queue = jobs.values();
  const worker = async (): Promise<void> => {
    for (const job of queue) {
      await job();
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  emit({ event: "finished", phase, runs: jobs.length });
}

async function main(options: Options): Promise<void> {
  const { phase, checkpoint } = options;
  const saver =
    phase === "approve" && checkpoint !== undefined
      ? await loadCheckpoints(checkpoint)
      : new MemorySaver();
  const services = {
    openai: new OpenAI({ baseURL: environment("OPENAI_BASE_URL") }),
    model: process.env.DEMO_MODEL ?? "gpt-5-mini",
    enrichmentUrl: environment("DEMO_ENRICHMENT_URL"),
    enrichmentTimeoutMs: Number(process.env.DEMO_ENRICHMENT_TIMEOUT_MS ?? ENRICHMENT_TIMEOUT_MS),
    crmUrl: environment("DEMO_CRM_URL"),
  };
  await runAll(options, buildLeadTriage(services, saver));
  if (checkpoint !== undefined) {
    await saveCheckpoints(saver, checkpoint);
  }
}

try {
  await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) {
    process.stderr.write(USAGE);
  }
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
