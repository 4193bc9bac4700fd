/**
 * The load generator: a process of its own, so that its cost is not the receiver's.
 *
 * In: messages from the benchmark that forked it. Out: what came of each phase. Side effects:
 * connections to the target.
 */
import { createSender } from "./load-senders.ts";
import { LoadTemplate } from "./load-template.ts";
import type {
  FromGenerator,
  LoadPhase,
  LoadTarget,
  PhaseResult,
  Sender,
  ToGenerator,
} from "./load-types.ts";
import { requestOf } from "./shapes.ts";

/** Pause after a refusal before the connection is used again, in milliseconds. */
const REFUSED_PAUSE_MS = 100;

/** Different requests; connections beyond them get copies with other ids. */
const DIFFERENT_REQUESTS = 4;

class Generator {
  readonly #target: LoadTarget;
  readonly #sender: Sender;
  readonly #shapes: readonly Buffer[];
  readonly #templates: LoadTemplate[] = [];
  #nextRequest = 1;

  constructor(target: LoadTarget) {
    this.#target = target;
    this.#sender = createSender(target);
    this.#shapes = Array.from({ length: DIFFERENT_REQUESTS }, (_, index) =>
      requestOf(target.shape ?? "genai", target.spansPerRequest, index + 1),
    );
  }

  async run(phase: LoadPhase): Promise<PhaseResult> {
    for (let slot = this.#templates.length; slot < phase.connections; slot += 1) {
      const shape = this.#shapes[slot % DIFFERENT_REQUESTS];
      if (shape !== undefined) this.#templates.push(new LoadTemplate(shape, slot + 1));
    }
    const phaseRun = new PhaseRun(phase);
    const slots = Array.from({ length: phase.connections }, (_, slot) =>
      this.#useSlot(slot, phaseRun),
    );
    await Promise.all(slots);
    return phaseRun.result(this.#target.spansPerRequest);
  }

  close(): void {
    this.#sender.close();
  }

  /** One connection: a request at a time until the phase is over. */
  async #useSlot(slot: number, phase: PhaseRun): Promise<void> {
    const template = this.#templates[slot];
    if (template === undefined) throw new Error(`there is no template for slot ${slot}`);
    for (;;) {
      const dueAt = phase.takeTurn();
      if (dueAt === undefined) return;
      const waitMs = dueAt - performance.now();
      if (waitMs > 0) await pause(waitMs);
      const request = this.#nextRequest;
      this.#nextRequest += 1;
      template.patch(this.#target.load, request, Date.now());
      const answer = await this.#sender.send(slot, template.bytes);
      phase.note(answer, request, performance.now() - dueAt);
      if (answer.kind === "unanswered" && phase.isBroken) return;
      if (answer.kind !== "acknowledged") await pause(REFUSED_PAUSE_MS);
    }
  }
}

/** Book-keeping of one phase. */
class PhaseRun {
  readonly #phase: LoadPhase;
  readonly #startedAt = performance.now();
  readonly #latenciesMs: number[] = [];
  readonly #acknowledged: number[] = [];
  readonly #refused: Record<string, number> = {};
  #unanswered = 0;
  #turns = 0;
  #endedAt = performance.now();

  constructor(phase: LoadPhase) {
    this.#phase = phase;
  }

  /** When the next request is due; undefined when the phase is over. */
  takeTurn(): number | undefined {
    const { requestsMax = Number.POSITIVE_INFINITY, requestsPerS } = this.#phase;
    const now = performance.now();
    const endsAt = this.#startedAt + (this.#phase.durationMs ?? Number.POSITIVE_INFINITY);
    if (this.#turns >= requestsMax || now >= endsAt || this.isBroken) return undefined;
    const dueAt =
      requestsPerS === undefined ? now : this.#startedAt + (this.#turns * 1000) / requestsPerS;
    if (dueAt >= endsAt) return undefined;
    this.#turns += 1;
    return dueAt;
  }

  /** The target is gone: more connections broke than are open. */
  get isBroken(): boolean {
    return this.#unanswered >= this.#phase.connections;
  }

  note(answer: Awaited<ReturnType<Sender["send"]>>, request: number, latencyMs: number): void {
    this.#endedAt = performance.now();
    if (answer.kind === "acknowledged") {
      this.#acknowledged.push(request);
      this.#latenciesMs.push(latencyMs);
    } else if (answer.kind === "refused") {
      this.#refused[answer.status] = (this.#refused[answer.status] ?? 0) + 1;
    } else this.#unanswered += 1;
  }

  result(spansPerRequest: number): PhaseResult {
    const sorted = this.#latenciesMs.toSorted((a, b) => a - b);
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
    const elapsedMs = this.#endedAt - this.#startedAt;
    const due = ((this.#phase.requestsPerS ?? 0) * elapsedMs) / 1000;
    const { requestsMax = Number.POSITIVE_INFINITY } = this.#phase;
    return {
      acknowledged: this.#acknowledged.length,
      acknowledgedSpans: this.#acknowledged.length * spansPerRequest,
      refused: this.#refused,
      unanswered: this.#unanswered,
      unsent: Math.max(0, Math.floor(Math.min(due, requestsMax)) - this.#turns),
      elapsedMs,
      latencyMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
      acknowledgedRequests: this.#acknowledged,
    };
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

let generator: Generator | undefined;

const answer = (message: FromGenerator): void => {
  process.send?.(message);
};

process.on("message", (message: ToGenerator) => {
  if (message.kind === "open") {
    generator = new Generator(message.target);
    answer({ kind: "opened" });
  } else if (message.kind === "run") {
    generator?.run(message.phase).then(
      (result) => answer({ kind: "ran", result }),
      (error: unknown) => {
        process.stderr.write(`load generator: ${String(error)}\n`);
        process.exit(1);
      },
    );
  } else {
    generator?.close();
    process.disconnect();
  }
});
