/**
 * The lead triage as the demo's child process, once per phase.
 *
 * In: where the receiver and the stand-ins are. Out: the runs it made. Side effects: a process.
 */
import { fileURLToPath } from "node:url";
import { type Children, endOf } from "./children.ts";
import { childEnvironment } from "./environment.ts";
import { type AppEvent, parseEvent } from "./events.ts";
import type { StandIns } from "./stand-ins.ts";

const APP: string = fileURLToPath(new URL("./app.ts", import.meta.url));

/** One run, as the application told of it. */
export type RunEvent = AppEvent & { readonly event: "run" };

/** What the application needs to know. */
export interface Surroundings {
  readonly otlpUrl: string;
  readonly standIns: StandIns;
  readonly checkpointFile: string;
  /** How long company data may take, in milliseconds. @default the application's own */
  readonly enrichmentTimeoutMs?: number;
}

/**
 * Run one phase to its end.
 *
 * @param onRun told of every run, with how many there will be
 * @throws when the application fails, with its last lines
 */
export async function runApplication(
  children: Children,
  phase: "triage" | "approve",
  surroundings: Surroundings,
  onRun: (run: RunEvent, total: number) => void,
): Promise<void> {
  const { otlpUrl, standIns, checkpointFile, enrichmentTimeoutMs } = surroundings;
  let total = 0;
  const child = children.start({
    name: "the application",
    args: [APP, "--phase", phase, "--checkpoint", checkpointFile],
    env: childEnvironment(process.env, {
      OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
      OTEL_SERVICE_NAME: "lead-triage",
      OPENAI_BASE_URL: standIns.openAiUrl,
      OPENAI_API_KEY: "not-needed-by-the-stand-in",
      DEMO_ENRICHMENT_URL: standIns.enrichmentUrl,
      DEMO_CRM_URL: standIns.crmUrl,
      ...(enrichmentTimeoutMs && { DEMO_ENRICHMENT_TIMEOUT_MS: String(enrichmentTimeoutMs) }),
    }),
    onLine: (line) => {
      const event = parseEvent(line) as AppEvent | undefined;
      if (event?.event === "started") {
        total = event.runs;
      } else if (event?.event === "run") {
        onRun(event, total);
      }
    },
  });
  const exit = await child.exited;
  if (exit.code !== 0) {
    throw new Error(`the application ended with ${endOf(exit)}\n${child.lastLines.join("\n")}`);
  }
}
