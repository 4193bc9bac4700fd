/**
 * The parts of LangGraph that the instrumentation looks at. The library's own types say less than
 * what is there at run time, so every field is optional and read with care.
 */

/** LangGraph's `Interrupt`. */
export interface Interrupt {
  readonly id?: string;
  readonly value?: unknown;
}

type PendingWrite = readonly [taskId: string, channel: string, value: unknown];

/** What is asked of a `BaseCheckpointSaver`. */
export interface CheckpointReader {
  getTuple?(config: RunnableConfig): Promise<unknown>;
}

/** `PregelLoop`: one run of a graph, nested ones included. */
export interface PregelLoop {
  readonly input?: unknown;
  readonly isNested?: boolean;
  readonly isResuming?: boolean;
  readonly status?: string;
  readonly config?: RunnableConfig;
  readonly checkpoint?: { readonly ts?: string };
  readonly checkpointMetadata?: Readonly<Record<string, unknown>>;
  readonly checkpointPendingWrites?: readonly PendingWrite[];
  readonly prevCheckpointConfig?: RunnableConfig;
  readonly checkpointer?: CheckpointReader;
  /** A task is pushed: by a call of the functional API, or, without one, by a `Send`. */
  acceptPush?: (
    task: unknown,
    writeIndex: unknown,
    call?: unknown,
  ) => Promise<PregelTask | undefined>;
  _matchCachedWrites?: () => Promise<readonly { readonly task: PregelTask }[]>;
  _checkpointerPutAfterPrevious?: (input: { metadata?: Record<string, unknown> }) => unknown;
}

/** `RunnableConfig` with what LangGraph adds to it. */
export interface RunnableConfig {
  readonly configurable?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly executionInfo?: { readonly nodeAttempt?: number };
  readonly toolCall?: { readonly id?: string };
}

export interface Runnable {
  invoke(input: unknown, config?: RunnableConfig): unknown;
}

/** `RunnableSequence`: the node's own code, then its writers. */
export interface RunnableSequence extends Runnable {
  first?: Runnable;
}

/** `PregelExecutableTask`. */
export interface PregelTask {
  readonly name: string;
  readonly input?: unknown;
  readonly config?: RunnableConfig;
  readonly proc?: RunnableSequence;
  readonly writes?: readonly (readonly [channel: string, value: unknown])[];
  readonly retry_policy?: { readonly maxAttempts?: number } | undefined;
}

/** What `getGraph()` draws. */
export interface DrawnGraph {
  readonly nodes: Readonly<Record<string, unknown>>;
  readonly edges: readonly {
    readonly source: string;
    readonly target: string;
    /** The key of the path map, where it is not the target's name. */
    readonly data?: string | undefined;
    readonly conditional?: boolean | undefined;
  }[];
}

/** What an attempt asks of the node, or of the task, that it is one of. */
export interface StepSource {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly ends?: readonly string[] | Readonly<Record<string, string>>;
  readonly isErrorHandler?: boolean;
  readonly retryPolicy?: { readonly maxAttempts?: number } | undefined;
}

/** `PregelNode`. */
export interface PregelNode extends StepSource {
  readonly bound?: Runnable;
  getNode(): RunnableSequence | Runnable | undefined;
}

/** A writer of a branch: called with the destinations once they are known. */
export type BranchWriter = (destinations: readonly unknown[], config: unknown) => unknown;

/** `Branch`: one conditional edge. */
export interface Branch {
  readonly path?: { readonly func?: { readonly name?: string }; readonly name?: string };
  readonly ends?: Readonly<Record<string, string>>;
  _route(input: unknown, config: unknown, writer: BranchWriter, reader: unknown): unknown;
}

/** `Pregel`, or the `CompiledStateGraph` that extends it. */
export interface PregelGraph {
  readonly name?: string;
  readonly nodes?: Readonly<Record<string, PregelNode>>;
  readonly builder?: {
    readonly branches?: Readonly<Record<string, Readonly<Record<string, Branch>>>>;
  };
  readonly retryPolicy?: { readonly maxAttempts?: number } | undefined;
  readonly interruptBefore?: readonly string[] | "*";
  readonly interruptAfter?: readonly string[] | "*";
  readonly checkpointer?: CheckpointReader | boolean;
  getName?(): string;
  getGraph?(): DrawnGraph;
  getSubgraphs?(): Iterable<readonly [name: string, graph: PregelGraph]>;
}

export interface RunLoopParams {
  readonly loop: PregelLoop;
}

/** A class that the instrumentation patches. */
export interface PatchableClass {
  readonly prototype: Record<string, unknown>;
}

/** Node name at which every graph begins. */
export const START = "__start__";
/** Node name at which every graph ends. */
export const END = "__end__";
/** Channel of pending writes that holds interrupts. */
export const INTERRUPT_CHANNEL = "__interrupt__";
/** Keys of `config.configurable`. */
export const TASK_ID_KEY = "__pregel_task_id";
export const SCRATCHPAD_KEY = "__pregel_scratchpad";
export const RESUME_MAP_KEY = "__pregel_resume_map";
/** Prefix of the node that handles another node's error. */
export const ERROR_HANDLER_PREFIX = "__error_handler__";
