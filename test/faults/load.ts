/**
 * The load: clients that send requests, each until it is acknowledged or given up.
 *
 * In: clients and a seed. Out: a {@link Tally}. Side effects: traffic. A request that is sent again
 * is sent by the same client, thus with the same bytes.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { OtlpClient } from "./clients.ts";
import type { Random } from "./random.ts";
import { spanOf, type TestSpan } from "./spans.ts";
import { Tally } from "./tally.ts";

/** A client's pause after a refusal or a broken connection, in milliseconds. */
const RETRY_PAUSE_MS = 50;

export interface LoadOptions {
  readonly random: Random;
  readonly clients: readonly OtlpClient[];
  /** @default [1, 40] */
  readonly spansPerRequest?: readonly [number, number];
  /** What all clients together may make. @default 3000 */
  readonly spansPerSecond?: number;
  /** Probability that a client gives a request up after a broken or refused attempt. @default 0.02 */
  readonly giveUp?: number;
  /** How a request is delivered. @default {@link Load.deliver}, once */
  readonly deliver?: (load: Load, request: LoadRequest) => Promise<void>;
}

/** A request: consecutive spans, and who sends them. */
export interface LoadRequest {
  readonly first: number;
  readonly count: number;
  readonly client: OtlpClient;
}

export class Load {
  readonly tally: Tally = new Tally();
  readonly random: Random;
  readonly #options: LoadOptions;
  readonly #baseNs = BigInt(Date.now()) * 1_000_000n;
  #workers: Promise<void>[] = [];
  #dueMs = 0;
  #stopping = false;
  #isOver = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.random = options.random;
  }

  get seed(): number {
    return this.#options.random.seed;
  }

  start(): void {
    this.#stopping = false;
    this.#workers = this.#options.clients.map((client) => this.#work(client));
  }

  /**
   * No further requests; wait until those under way are acknowledged or given up.
   *
   * @returns whether that was so within `maxMs`; what is left then counts as unacknowledged
   */
  async finish(maxMs: number): Promise<boolean> {
    this.#stopping = true;
    const limit = new AbortController();
    const inTime = await Promise.race([
      Promise.all(this.#workers).then(() => true),
      delay(maxMs, false, { signal: limit.signal }),
    ]);
    limit.abort();
    this.#isOver = true;
    await Promise.all(this.#workers);
    return inTime;
  }

  async close(): Promise<void> {
    await Promise.all(this.#options.clients.map((client) => client.close()));
  }

  spansOf({ first, count }: LoadRequest): TestSpan[] {
    return Array.from({ length: count }, (_, index) =>
      spanOf(this.seed, first + index, this.#baseNs),
    );
  }

  /** A request of a random size with spans of its own. */
  next(client: OtlpClient): LoadRequest {
    const [min, max] = this.#options.spansPerRequest ?? [1, 40];
    const count = this.random.integer(min, max);
    return { first: this.tally.take(count), count, client };
  }

  /** Send once; whatever comes of it is written down. */
  async attempt(request: LoadRequest): Promise<boolean> {
    const answer = await request.client.send(this.spansOf(request));
    this.tally.answered(answer, request.first, request.count);
    return answer.kind === "acknowledged" || answer.kind === "rejected";
  }

  /** Send until it is acknowledged; some clients lose patience, as real ones do. */
  async deliver(request: LoadRequest): Promise<void> {
    while (!(await this.attempt(request))) {
      if (this.#isOver || this.random.chance(this.#options.giveUp ?? 0.02)) return;
      await delay(RETRY_PAUSE_MS);
    }
  }

  async #work(client: OtlpClient): Promise<void> {
    const deliver = this.#options.deliver ?? ((load, request) => load.deliver(request));
    while (!this.#stopping) {
      const request = this.next(client);
      await this.#pace(request.count);
      await deliver(this, request);
    }
  }

  /** Keep to the rate, so that a run's length and not the machine's speed sets its size. */
  async #pace(spans: number): Promise<void> {
    const nowMs = performance.now();
    const startMs = Math.max(nowMs, this.#dueMs);
    this.#dueMs = startMs + (spans * 1_000) / (this.#options.spansPerSecond ?? 3_000);
    if (startMs > nowMs) await delay(startMs - nowMs);
  }
}
