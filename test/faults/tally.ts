/**
 * What the load knows: how many spans were made, which of them were acknowledged.
 *
 * In: the load's reports. Out: a mark for each span, and counts. Memory only, a byte per span.
 */
import type { Answer, AnswerKind } from "./clients.ts";
import { until } from "./wait.ts";

const ACKNOWLEDGED = 1;

export class Tally {
  requests = 0;
  /** Answers by kind; a request has one for each time that it was sent. */
  readonly answers: Record<AnswerKind, number> = {
    acknowledged: 0,
    refused: 0,
    rejected: 0,
    broken: 0,
  };
  /** Why requests were rejected: no request of the load deserves that. */
  readonly rejections: Set<string> = new Set();
  acknowledgedSpans = 0;
  #marks: Uint8Array = new Uint8Array(65_536);
  #spans = 0;

  /** Spans that were made; their numbers run from 0. */
  get spans(): number {
    return this.#spans;
  }

  get attempts(): number {
    return Object.values(this.answers).reduce((sum, count) => sum + count, 0);
  }

  /** Take the next `count` span numbers for a request; returns the first. */
  take(count: number): number {
    const first = this.#spans;
    this.#spans += count;
    while (this.#marks.length < this.#spans) {
      const larger = new Uint8Array(this.#marks.length * 2);
      larger.set(this.#marks);
      this.#marks = larger;
    }
    this.requests += 1;
    return first;
  }

  answered(answer: Answer, first: number, count: number): void {
    this.answers[answer.kind] += 1;
    if (answer.kind === "rejected") this.rejections.add(answer.reason);
    if (answer.kind !== "acknowledged") return;
    for (let number = first; number < first + count; number += 1) {
      if (this.#marks[number] === ACKNOWLEDGED) continue;
      this.#marks[number] = ACKNOWLEDGED;
      this.acknowledgedSpans += 1;
    }
  }

  wasAcknowledged(number: number): boolean {
    return number < this.#spans && this.#marks[number] === ACKNOWLEDGED;
  }

  /** Wait until `count` further answers of a kind have come. */
  async further(kind: AnswerKind, count: number, maxMs: number): Promise<void> {
    const goal = this.answers[kind] + count;
    const what = `${count} further requests are ${kind}`;
    await until(what, maxMs, () => this.answers[kind] >= goal);
  }
}
