/** What the benchmark and its load generator say to one another. */

import type { Shape } from "./shapes.ts";

export type Transport = "grpc" | "http";

/** What a generator sends, and to whom; fixed for its life. */
export interface LoadTarget {
  readonly transport: Transport;
  /** `http://host:port`. */
  readonly url: string;
  readonly spansPerRequest: number;
  /** @default "genai" */
  readonly shape?: Shape;
  /** Whether bodies are compressed. @default false */
  readonly isGzipped?: boolean;
  /** Goes into every span id, so that loads are told apart; below 2^24. */
  readonly load: number;
}

/** One stretch of load. It ends with the first limit that is reached. */
export interface LoadPhase {
  /** Requests under way at most. Over HTTP each has its own connection; gRPC shares four. */
  readonly connections: number;
  /** Requests a second, sent when they are due; without it the next follows the last answer. */
  readonly requestsPerS?: number;
  readonly requestsMax?: number;
  readonly durationMs?: number;
}

export interface PhaseResult {
  readonly acknowledged: number;
  readonly acknowledgedSpans: number;
  /** Requests that were refused, by status. */
  readonly refused: Readonly<Record<string, number>>;
  /** Requests without an answer: the connection broke. Nothing is known about them. */
  readonly unanswered: number;
  /** Requests that were due while every connection was busy, and were not sent when it ended. */
  readonly unsent: number;
  readonly elapsedMs: number;
  /** From when a request was due until its acknowledgement; NaN without any. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Numbers of the acknowledged requests, as in their span ids. */
  readonly acknowledgedRequests: readonly number[];
}

/** How a request ended. */
export type Answer =
  | { readonly kind: "acknowledged" }
  | { readonly kind: "refused"; readonly status: string }
  | { readonly kind: "unanswered" };

/** Sends one request on connection `slot`. Never rejects. */
export interface Sender {
  send(slot: number, body: Buffer): Promise<Answer>;
  close(): void;
}

export type ToGenerator =
  | { readonly kind: "open"; readonly target: LoadTarget }
  | { readonly kind: "run"; readonly phase: LoadPhase }
  | { readonly kind: "close" };

export type FromGenerator =
  | { readonly kind: "opened" }
  | { readonly kind: "ran"; readonly result: PhaseResult };
