/**
 * The parts of LangGraph's `BaseCheckpointSaver` that the signing wrapper uses. Types only; LangGraph
 * is no dependency of this package.
 */

/** How a saver turns values into bytes. */
export interface Serializer {
  dumpsTyped(
    value: unknown,
  ): Promise<readonly [string, Uint8Array]> | readonly [string, Uint8Array];
  loadsTyped(type: string, data: Uint8Array | string): unknown;
}

export interface SaverConfig {
  readonly configurable?: Readonly<Record<string, unknown>>;
}

export interface SaverCheckpoint {
  readonly v: number;
  readonly id: string;
  readonly ts: string;
  readonly channel_values: Readonly<Record<string, unknown>>;
}

/** Task, channel, value. */
export type SaverWrite = readonly [taskId: string, channel: string, value: unknown];

export interface SaverTuple {
  readonly config: SaverConfig;
  readonly checkpoint: SaverCheckpoint;
  readonly parentConfig?: SaverConfig | undefined;
  readonly pendingWrites?: readonly SaverWrite[] | undefined;
}

/** A saver, by what it does; methods, so that every real saver's types are accepted. */
export interface Saver {
  readonly serde: Serializer;
  getTuple(config: SaverConfig): Promise<SaverTuple | undefined>;
  list(config: SaverConfig, options?: unknown): AsyncIterable<SaverTuple>;
  put(
    config: SaverConfig,
    checkpoint: unknown,
    metadata: unknown,
    versions: unknown,
  ): Promise<SaverConfig>;
  putWrites(
    config: SaverConfig,
    writes: readonly (readonly [string, unknown])[],
    taskId: string,
    ...more: readonly unknown[]
  ): Promise<void>;
  deleteThread?(threadId: string): Promise<void>;
}

/** Any saver of LangGraph: what the wrapper takes, whatever the version's types are. */
export interface AnySaver {
  readonly serde: object;
  getTuple(...args: never): Promise<unknown>;
  list(...args: never): AsyncIterable<unknown>;
  put(...args: never): Promise<unknown>;
  putWrites(...args: never): Promise<unknown>;
}
