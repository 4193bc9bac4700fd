/** Public types of the BullMQ instrumentation. */
import type { InstrumentationConfig } from "@opentelemetry/instrumentation";
import type { WorkflowOptions } from "@spanledger/api";

/** What is known of a job when its processor is about to be called. */
export interface JobFacts {
  readonly queueName: string;
  readonly name: string;
  readonly id: string | undefined;
  /** The application's own object; it is read, never changed. */
  readonly data: unknown;
  /** Attempts that have ended before this one. */
  readonly attemptsMade: number;
}

/** What the application says about the run that a job is. */
export type JobRun = Omit<Partial<WorkflowOptions>, "runId" | "definition">;

/** Options of {@link BullMQInstrumentation}. */
export interface BullMQInstrumentationConfig extends InstrumentationConfig {
  /** Keep a job's data and what its processor returns. @default true */
  readonly captureContent?: boolean;
  /**
   * Facts of the run that a job is when no run carried it here; `false` makes no run: the processor
   * calls `workflow()` itself. @default id and name are `QUEUE.JOB`
   */
  readonly run?: (job: JobFacts) => JobRun | false | undefined;
}

/** What {@link BullMQInstrumentation.manuallyInstrument} takes: the library's own exports. */
export interface BullMQModule {
  readonly Queue?: unknown;
  readonly FlowProducer?: unknown;
  readonly Worker?: unknown;
}
