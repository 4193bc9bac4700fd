/**
 * A LangGraph checkpointer whose state cannot be changed where it is stored.
 *
 * In: any saver, keys. Out: the same saver, whose checkpoints and pending writes are signed before
 * they are stored, and verified before they are parsed. Side effects: spans `save_checkpoint` and
 * `load_checkpoint`; what is refused is thrown as a `CheckpointError`.
 *
 * The whole of a checkpoint is stored as one signed text in one channel, so that no saver, however
 * it takes checkpoints apart, decides what is covered.
 */
import { CheckpointError, type CheckpointSigner, isId } from "@spanledger/api";
import {
  type CheckpointExpectation,
  readField,
  recordLoad,
  recordRefusal,
  recordSave,
} from "@spanledger/api/internal";
import { CHECKPOINT_METADATA } from "./checkpoint.ts";
import type {
  AnySaver,
  Saver,
  SaverCheckpoint,
  SaverConfig,
  SaverTuple,
  SaverWrite,
} from "./saver-types.ts";
import { open, seal, signatureOf } from "./sealed-value.ts";
import {
  type CheckpointSequences,
  LastSignatures,
  type Place,
  SequencesInMemory,
} from "./sequences.ts";

/** The one channel of a stored checkpoint. Stored: never rename. */
const SEALED_CHANNEL = "spanledger_sealed";

/** Version of LangGraph's checkpoints that holds nothing outside of its channels. */
const CHECKPOINT_VERSION = 4;

/** What a signed checkpointer needs. */
export interface SignedCheckpointerOptions {
  /** Made by `checkpoint.signer(…)` of `@spanledger/api`. */
  readonly signer: CheckpointSigner;
  /** Id of the workflow; a checkpoint of another one is refused. */
  readonly workflow: string;
  /** @default "" */
  readonly workspace?: string | undefined;
  /** Version of the code; signed with each checkpoint. @default "" */
  readonly codeVersion?: string | undefined;
  /** Versions of the code whose checkpoints are loaded. @default any */
  readonly codeVersions?: readonly string[] | undefined;
  /** The highest sequences that were seen. @default in memory */
  readonly sequences?: CheckpointSequences | undefined;
}

interface Contents {
  readonly checkpoint: SaverCheckpoint;
  readonly metadata: unknown;
  /** Id of the checkpoint before; null for the first. */
  readonly parent: string | null;
}

/**
 * Sign what a saver stores: `graph.compile({ checkpointer: signedCheckpointer(saver, { … }) })`.
 *
 * @returns the saver with other `getTuple`, `get`, `list`, `put`, `putWrites`; the rest is its own
 */
export function signedCheckpointer<T extends AnySaver>(
  saver: T,
  options: SignedCheckpointerOptions,
): T {
  const signed = new SigningSaver(saver as unknown as Saver, options);
  const own = new Map<string | symbol, unknown>([
    ["getTuple", signed.getTuple.bind(signed)],
    ["get", async (config: SaverConfig) => (await signed.getTuple(config))?.checkpoint],
    ["list", signed.list.bind(signed)],
    ["put", signed.put.bind(signed)],
    ["putWrites", signed.putWrites.bind(signed)],
    ["deleteThread", signed.deleteThread.bind(signed)],
  ]);
  const proxy: T = new Proxy(saver, {
    get: (target, name) => {
      if (own.has(name)) return own.get(name);
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function" || name === "constructor") return value;
      // Bound to the saver itself, whose private fields no proxy has.
      return value.bind(target) as unknown;
    },
  });
  const walk = baseMethod(saver, "getDeltaChannelHistory");
  // The base class walks the parents by getTuple; a saver's own walk would read sealed channels.
  if (walk !== undefined) own.set("getDeltaChannelHistory", walk.bind(proxy));
  return proxy;
}

class SigningSaver {
  readonly #saver: Saver;
  readonly #options: SignedCheckpointerOptions;
  readonly #sequences: CheckpointSequences;
  /** The signature that the next checkpoint of a thread follows, so that it need not be read again. */
  readonly #last = new LastSignatures();

  constructor(saver: Saver, options: SignedCheckpointerOptions) {
    this.#saver = saver;
    this.#options = options;
    this.#sequences = options.sequences ?? new SequencesInMemory();
  }

  async getTuple(config: SaverConfig): Promise<SaverTuple | undefined> {
    const { thread, namespace, id } = placeOf(config);
    try {
      // Before the saver is asked: what it stores meanwhile may be newer, and is no reason to refuse.
      const seen = (await this.#sequences.get(thread, namespace)) ?? 0;
      const tuple = await this.#saver.getTuple(config);
      // Who names a checkpoint wants that one, old or not.
      const minSequence = id === undefined ? seen : 0;
      if (tuple === undefined && minSequence > 0) {
        throw new CheckpointError("CHECKPOINT_MISSING", "the thread's checkpoints are gone");
      }
      if (tuple === undefined) return undefined;
      const opened = await this.#open(tuple, minSequence, id);
      if (opened.verified.sequence > seen) {
        await this.#sequences.set(thread, namespace, opened.verified.sequence);
      }
      this.#last.keep({ thread, namespace, id: opened.verified.id }, opened.signature);
      recordLoad(opened.verified, { madeBy: runIdOf(opened.metadata) });
      return opened.tuple;
    } catch (error) {
      if (error instanceof CheckpointError) recordRefusal(error, id);
      throw error;
    }
  }

  async *list(config: SaverConfig, options?: unknown): AsyncGenerator<SaverTuple> {
    for await (const tuple of this.#saver.list(config, options)) {
      let opened: SaverTuple;
      try {
        opened = (await this.#open(tuple, 0, undefined)).tuple;
      } catch (error) {
        if (error instanceof CheckpointError) recordRefusal(error, placeOf(tuple.config).id);
        throw error;
      }
      yield opened;
    }
  }

  async put(
    config: SaverConfig,
    checkpoint: SaverCheckpoint,
    metadata: unknown,
    _versions: unknown,
  ): Promise<SaverConfig> {
    const { thread, namespace, id: parent } = placeOf(config);
    const contents: Contents = { checkpoint, metadata, parent: parent ?? null };
    const sequence = (await this.#lastSequence(config)) + 1;
    const facts = {
      ...this.#scope(thread, namespace),
      id: checkpoint.id,
      sequence,
      previous: parent === undefined ? null : await this.#signatureOf(config),
      codeVersion: this.#options.codeVersion,
    };
    const { text, signed } = await seal(contents, this.#saver.serde, facts, this.#options.signer);
    // The id as the version: savers that store each version of a channel once keep every text.
    const versions = { [SEALED_CHANNEL]: checkpoint.id };
    const stored = {
      v: CHECKPOINT_VERSION,
      id: checkpoint.id,
      ts: checkpoint.ts,
      channel_values: { [SEALED_CHANNEL]: text },
      channel_versions: versions,
      versions_seen: {},
    };
    const next = await this.#saver.put(config, stored, metadata, versions);
    await this.#sequences.set(thread, namespace, sequence);
    this.#last.keep({ thread, namespace, id: checkpoint.id }, signed.signature);
    recordSave(signed, sequence, this.#options.signer.keyId);
    return next;
  }

  async putWrites(
    config: SaverConfig,
    writes: readonly (readonly [string, unknown])[],
    taskId: string,
    ...more: readonly unknown[]
  ): Promise<void> {
    const { thread, namespace, id } = placeOf(config);
    const sealed = await Promise.all(
      writes.map(async ([channel, value], index): Promise<readonly [string, string]> => {
        const facts = {
          ...this.#scope(thread, namespace),
          id: writeId(id, taskId, channel),
          sequence: index,
          previous: null,
          codeVersion: this.#options.codeVersion,
        };
        const { text } = await seal(value, this.#saver.serde, facts, this.#options.signer);
        return [channel, text];
      }),
    );
    await this.#saver.putWrites(config, sealed, taskId, ...more);
  }

  async deleteThread(threadId: string): Promise<void> {
    await this.#saver.deleteThread?.(threadId);
    await this.#sequences.forget(threadId);
  }

  async #open(tuple: SaverTuple, minSequence: number, asked: string | undefined) {
    const { thread, namespace, id = asked } = placeOf(tuple.config);
    const { signer, codeVersions } = this.#options;
    const scope = { ...this.#scope(thread, namespace), codeVersions };
    const expected: CheckpointExpectation = { ...scope, id: asked ?? id, minSequence };
    const sealed = tuple.checkpoint.channel_values[SEALED_CHANNEL];
    const { value, verified } = await open(sealed, this.#saver.serde, expected, signer);
    const { checkpoint, metadata, parent } = value as Contents;
    const claimed = tuple.parentConfig === undefined ? null : placeOf(tuple.parentConfig).id;
    if (claimed !== parent) {
      throw new CheckpointError("CHECKPOINT_CHAIN_BROKEN", "the checkpoint follows another one");
    }
    const pendingWrites = await Promise.all(
      (tuple.pendingWrites ?? []).map(async ([task, channel, text]): Promise<SaverWrite> => {
        const at = { ...scope, id: writeId(id, task, channel), minSequence: 0 };
        return [task, channel, (await open(text, this.#saver.serde, at, signer)).value];
      }),
    );
    const opened = { ...tuple, checkpoint, metadata, pendingWrites };
    return { tuple: opened, verified, metadata, signature: signatureOf(sealed) };
  }

  /** The highest sequence that is known, else that of the thread's last checkpoint, verified. */
  async #lastSequence(config: SaverConfig): Promise<number> {
    const { thread, namespace } = placeOf(config);
    const seen = await this.#sequences.get(thread, namespace);
    if (seen !== undefined) return seen;
    const latest = { configurable: { ...config.configurable, checkpoint_id: undefined } };
    const tuple = await this.#saver.getTuple(latest);
    return tuple === undefined ? 0 : (await this.#open(tuple, 0, undefined)).verified.sequence;
  }

  async #signatureOf(config: SaverConfig): Promise<string | null> {
    const known = this.#last.of(placeOf(config));
    if (known !== undefined) return known;
    const tuple = await this.#saver.getTuple(config);
    return signatureOf(tuple?.checkpoint.channel_values[SEALED_CHANNEL]);
  }

  #scope(thread: string, namespace: string) {
    const { workflow, workspace } = this.#options;
    return { workflow, workspace, run: JSON.stringify([thread, namespace]) };
  }
}

/** What a pending write is signed for: it counts for this checkpoint, task and channel alone. */
function writeId(checkpointId: string | undefined, taskId: string, channel: string): string {
  return JSON.stringify([checkpointId ?? "", taskId, channel]);
}

/** The run that made a checkpoint, where the instrumentation kept its id with it. */
function runIdOf(metadata: unknown): string | undefined {
  const runId = readField(metadata, CHECKPOINT_METADATA.runId);
  return isId(runId) ? runId : undefined;
}

function placeOf({ configurable = {} }: SaverConfig): Place {
  const text = (name: string): string | undefined => {
    const value = configurable[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return {
    thread: text("thread_id") ?? "",
    namespace: text("checkpoint_ns") ?? "",
    id: text("checkpoint_id") ?? text("thread_ts"),
  };
}

/** The method as the base class has it, whatever classes below it made of it. */
function baseMethod(object: object, name: string): ((...args: unknown[]) => unknown) | undefined {
  let found: unknown;
  for (
    let at: unknown = object;
    typeof at === "object" && at !== null;
    at = Object.getPrototypeOf(at)
  ) {
    if (Object.hasOwn(at, name)) found = Reflect.get(at, name);
  }
  return typeof found === "function" ? (found as (...args: unknown[]) => unknown) : undefined;
}
