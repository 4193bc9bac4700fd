/**
 * Goal: a graph runs the same with signed checkpoints, and never on state that was changed where it
 * is stored. Method: the real LangGraph and its MemorySaver, whose stored bytes are altered.
 */
import { randomBytes } from "node:crypto";
import { Command, interrupt, MemorySaver, START, StateGraph } from "@langchain/langgraph";
import { SpanStatusCode } from "@opentelemetry/api";
import { type CheckpointErrorCode, checkpoint, workflow } from "@spanledger/api";
import {
  type CheckpointSequences,
  type SignedCheckpointerOptions,
  signedCheckpointer,
} from "@spanledger/instrumentation-langgraph";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { beforeEach, describe, expect, test } from "vitest";
import { FACTS, recording, refundGraph, State, THREAD } from "./langgraph-graphs.ts";

const KEY = { id: "k1", algorithm: "hmac-sha256", secret: randomBytes(32) } as const;
const OPTIONS: SignedCheckpointerOptions = {
  signer: checkpoint.signer(KEY),
  workflow: "refund_flow",
  workspace: "emea",
  codeVersion: "3",
};
const ANSWER = new Command({ resume: { approved: true, approver: "dana" } });
const INPUT = { score: 0.9 };

interface Snapshot {
  readonly values: unknown;
  readonly next: unknown;
  readonly config: object;
  readonly metadata?: { readonly step?: number };
}

/** What these tests do with a compiled graph. */
interface Graph {
  invoke(input: unknown, config: object): Promise<unknown>;
  getState(config: object): Promise<Snapshot>;
  getStateHistory(config: object): AsyncIterable<Snapshot>;
  updateState(config: object, values: object): Promise<unknown>;
}

const refundGraphWith = (saver: MemorySaver): Graph => refundGraph(saver) as unknown as Graph;

beforeEach(() => recording.reset());

/** A saver that holds a paused run, and the graph that made it. */
async function paused(options: Partial<SignedCheckpointerOptions> = {}) {
  const saver = new MemorySaver();
  const signed = signedCheckpointer(saver, { ...OPTIONS, ...options });
  const graph = refundGraphWith(signed);
  await graph.invoke(INPUT, THREAD);
  recording.reset();
  return { saver, signed, graph };
}

/** The graph in another process: nothing is remembered, only the store is the same. */
function elsewhere(saver: MemorySaver, options: Partial<SignedCheckpointerOptions> = {}) {
  return refundGraphWith(signedCheckpointer(saver, { ...OPTIONS, ...options }));
}

const code = (expected: CheckpointErrorCode) =>
  expect.objectContaining({ name: "CheckpointError", code: expected });

/** The stored checkpoints of the only thread, by id; oldest first. */
function stored(saver: MemorySaver): Record<string, [Uint8Array, Uint8Array, string | undefined]> {
  const thread = saver.storage["t-1"]?.[""];
  if (thread === undefined) throw new Error("nothing is stored");
  return thread as Record<string, [Uint8Array, Uint8Array, string | undefined]>;
}

function edit(bytes: Uint8Array, change: (text: string) => string): Uint8Array {
  const before = Buffer.from(bytes).toString();
  const after = change(before);
  if (after === before) throw new Error("the edit changes nothing");
  return Buffer.from(after);
}

const last = (saver: MemorySaver): string => Object.keys(stored(saver)).toSorted().at(-1) ?? "";

function editLast(saver: MemorySaver, change: (text: string) => string): void {
  const entry = stored(saver)[last(saver)];
  if (entry !== undefined) entry[0] = edit(entry[0], change);
}

/** Change one letter in the state that a sealed text carries. */
const editState = (text: string): string =>
  text.replace(/ json ([A-Za-z0-9+/=]+)"/, (_, base64: string) => {
    const state = Buffer.from(base64, "base64").toString();
    return ` json ${Buffer.from(state.replace("0.9", "0.1")).toString("base64")}"`;
  });

describe("a graph with signed checkpoints", () => {
  test("ends as without them: run, pause, resume elsewhere, state, history, time travel", async () => {
    const run = async (wrap: (saver: MemorySaver) => MemorySaver) => {
      const saver = new MemorySaver();
      const first = await refundGraphWith(wrap(saver)).invoke(INPUT, THREAD);
      const graph = refundGraphWith(wrap(saver));
      const second = await graph.invoke(ANSWER, THREAD);
      await graph.updateState(THREAD, { score: 0.2 });
      const state = await graph.getState(THREAD);
      const history = await all(graph.getStateHistory(THREAD));
      const start = history.at(-2)?.config ?? {};
      const again = await graph.invoke(null, start);
      return {
        first: withoutIds(first),
        second: withoutIds(second),
        state: state.values,
        history: history.map(({ values, next, metadata }) => [values, next, metadata?.step]),
        again: withoutIds(again),
      };
    };
    const plain = await run((saver) => saver);
    const signed = await run((saver) => signedCheckpointer(saver, OPTIONS));
    expect(signed).toEqual(plain);
    expect(signed.history.length).toBeGreaterThan(3);
  });

  test.each(["sync", "async", "exit"])(
    "pauses and resumes inside a subgraph, with durability %s",
    async (durability) => {
      const inner = new StateGraph(State)
        .addNode("ask", () => ({ notes: [String(interrupt("go?"))] }))
        .addNode("after", () => ({ notes: ["after"] }))
        .addEdge(START, "ask")
        .addEdge("ask", "after")
        .compile();
      const graph = (saver: MemorySaver): Graph =>
        new StateGraph(State)
          .addNode("before", () => ({ notes: ["before"] }))
          .addNode("inner", inner)
          .addEdge(START, "before")
          .addEdge("before", "inner")
          .compile({ checkpointer: saver }) as unknown as Graph;
      const saver = new MemorySaver();
      const signed = () => graph(signedCheckpointer(saver, OPTIONS));
      const config = { ...THREAD, durability };
      await signed().invoke(INPUT, config);
      const namespaces = Object.keys(saver.storage["t-1"] ?? {});
      expect(namespaces).toHaveLength(2);
      const ended = await signed().invoke(new Command({ resume: "yes" }), config);
      const plainSaver = new MemorySaver();
      await graph(plainSaver).invoke(INPUT, config);
      const plain = await graph(plainSaver).invoke(new Command({ resume: "yes" }), config);
      expect(ended).toEqual(plain);
      expect(ended).toMatchObject({ notes: expect.arrayContaining(["before", "yes", "after"]) });
    },
  );

  test("stays the saver that it was, to types, to instanceof and to its own methods", async () => {
    const saver = new MemorySaver();
    const signed: MemorySaver = signedCheckpointer(saver, OPTIONS);
    expect(signed).toBeInstanceOf(MemorySaver);
    expect(signed.constructor).toBe(MemorySaver);
    expect(JSON.stringify({ signed })).toBe(JSON.stringify({ signed: saver }));
    expect(signed.getNextVersion(3)).toBe(4);
    await refundGraphWith(signed).invoke(INPUT, THREAD);
    expect((await signed.get(THREAD))?.channel_values).toMatchObject(INPUT);
    await signed.deleteThread("t-1");
    expect(await signed.getTuple(THREAD)).toBeUndefined();
  });

  test("stores nothing of the state outside of the signed text", async () => {
    const { saver } = await paused();
    for (const [bytes] of Object.values(stored(saver))) {
      const { channel_values: values } = JSON.parse(Buffer.from(bytes).toString());
      expect(Object.keys(values as object)).toEqual(["spanledger_sealed"]);
    }
    const writes = Object.values(saver.writes).flatMap((of) => Object.values(of));
    expect(writes.length).toBeGreaterThan(0);
    for (const [, , bytes] of writes) {
      expect(Buffer.from(bytes).toString()).toMatch(/^"spanledger-sealed-1 slcp1\.k1\./);
    }
  });

  test("records each save and load inside the run, in a chain that grows", async () => {
    const graph = refundGraphWith(signedCheckpointer(new MemorySaver(), OPTIONS));
    await workflow(FACTS, () => graph.invoke(INPUT, THREAD));
    const saves = recording.named("save_checkpoint");
    const sequences = saves.map((span) => span.attributes[WORKFLOW.checkpointSequence]);
    expect(sequences).toEqual(saves.map((_, index) => index + 1));
    await workflow(FACTS, () => graph.invoke(ANSWER, THREAD));
    const [load] = recording.named("load_checkpoint");
    expect(load?.attributes).toMatchObject({
      [WORKFLOW.runId]: saves[0]?.attributes[WORKFLOW.runId],
      [WORKFLOW.checkpointVerified]: true,
      [WORKFLOW.checkpointId]: saves.at(-1)?.attributes[WORKFLOW.checkpointId],
      [WORKFLOW.checkpointSequence]: saves.length,
      [WORKFLOW.checkpointKeyId]: "k1",
      [WORKFLOW.checkpointSha256]: saves.at(-1)?.attributes[WORKFLOW.checkpointSha256],
    });
  });

  test("says outside of a run which run made the state that it loads", async () => {
    const saver = new MemorySaver();
    const graph = elsewhere(saver);
    await workflow(FACTS, () => graph.invoke(INPUT, THREAD));
    await graph.getState(THREAD);
    expect(recording.named("load_checkpoint").at(-1)?.attributes[WORKFLOW.runId]).toBe(
      recording.named("save_checkpoint")[0]?.attributes[WORKFLOW.runId],
    );
  });

  test("walks the history of a channel as the unsigned saver does", async () => {
    const histories = await Promise.all(
      [
        (saver: MemorySaver) => saver,
        (saver: MemorySaver) => signedCheckpointer(saver, OPTIONS),
      ].map(async (wrap) => {
        const saver = wrap(new MemorySaver());
        await refundGraphWith(saver).invoke(INPUT, THREAD);
        const asked = { config: THREAD, channels: ["score", "notes"] };
        const { score, notes } = await saver.getDeltaChannelHistory(asked);
        const values = (of: typeof score) => of?.writes.map(([, , value]) => value);
        return [score?.seed, values(score), notes?.seed, values(notes)];
      }),
    );
    expect(histories[1]).toEqual(histories[0]);
  });
});

describe("a graph refuses to run", () => {
  test("on a state that was altered in the store, and a span says so", async () => {
    const { saver, graph } = await paused();
    const wanted = last(saver);
    editLast(saver, editState);
    await expect(workflow(FACTS, () => graph.invoke(ANSWER, THREAD))).rejects.toEqual(
      code("CHECKPOINT_STATE_CHANGED"),
    );
    const [refused] = recording.named("load_checkpoint");
    expect(refused?.attributes).toMatchObject({
      [WORKFLOW.checkpointVerified]: false,
      [OTEL.errorType]: "CHECKPOINT_STATE_CHANGED",
      [WORKFLOW.id]: "refund_flow",
    });
    expect(refused?.status.code).toBe(SpanStatusCode.ERROR);
    expect(recording.named("invoke_workflow Refund flow")[0]?.attributes).toMatchObject({
      [WORKFLOW.runResult]: "failure",
      [OTEL.errorType]: "CheckpointError",
    });
    expect(recording.spans().filter((span) => span.name.startsWith("run_step"))).toEqual([]);
    await expect(graph.getState(at(wanted))).rejects.toEqual(code("CHECKPOINT_STATE_CHANGED"));
  });

  test("before anything of the altered state is parsed", async () => {
    const { saver } = await paused();
    editLast(saver, editState);
    const read: string[] = [];
    const loads = saver.serde.loadsTyped.bind(saver.serde);
    saver.serde.loadsTyped = (type: string, data: Uint8Array | string) => {
      read.push(Buffer.from(data).toString());
      return loads(type, data);
    };
    await expect(elsewhere(saver).invoke(ANSWER, THREAD)).rejects.toEqual(
      code("CHECKPOINT_STATE_CHANGED"),
    );
    expect(read.length).toBeGreaterThan(0);
    expect(read.filter((text) => text.includes('"score"'))).toEqual([]);
  });

  test("on a state without a signature, its own of before included", async () => {
    const saver = new MemorySaver();
    await refundGraphWith(saver).invoke(INPUT, THREAD);
    await expect(elsewhere(saver).invoke(ANSWER, THREAD)).rejects.toEqual(
      code("CHECKPOINT_UNSIGNED"),
    );
  });

  test("on an older state, while it runs and after a restart with sequences of its own", async () => {
    const sequences = new Map<string, number>();
    const store: CheckpointSequences = {
      get: async (thread, namespace) => sequences.get(`${thread}/${namespace}`),
      set: async (thread, namespace, value) => void sequences.set(`${thread}/${namespace}`, value),
      forget: async () => sequences.clear(),
    };
    const { saver, graph } = await paused({ sequences: store });
    delete stored(saver)[last(saver)];
    await expect(graph.invoke(ANSWER, THREAD)).rejects.toEqual(code("CHECKPOINT_OLD"));
    const restarted = elsewhere(saver, { sequences: store });
    await expect(restarted.invoke(ANSWER, THREAD)).rejects.toEqual(code("CHECKPOINT_OLD"));
  });

  test("where the whole thread is gone, but not where it was deleted by the saver", async () => {
    const { saver, signed, graph } = await paused();
    await saver.deleteThread("t-1");
    await expect(graph.invoke(INPUT, THREAD)).rejects.toEqual(code("CHECKPOINT_MISSING"));
    await signed.deleteThread("t-1");
    expect(await graph.invoke(INPUT, THREAD)).toMatchObject(INPUT);
  });

  test("on the state of another thread", async () => {
    const { saver, graph } = await paused();
    await graph.invoke({ score: 0.1 }, { configurable: { thread_id: "t-2" } });
    const [theirs] = Object.values(saver.storage["t-2"]?.[""] ?? {}).slice(-1);
    const mine = stored(saver)[last(saver)];
    if (mine !== undefined && theirs !== undefined) mine[0] = theirs[0];
    await expect(graph.invoke(ANSWER, THREAD)).rejects.toEqual(code("CHECKPOINT_ELSEWHERE"));
  });

  test("on another checkpoint of the same thread under this one's id", async () => {
    const { saver, graph } = await paused();
    const [first] = Object.values(stored(saver));
    const mine = stored(saver)[last(saver)];
    if (mine !== undefined && first !== undefined) mine[0] = first[0];
    await expect(graph.invoke(ANSWER, THREAD)).rejects.toEqual(code("CHECKPOINT_ELSEWHERE"));
  });

  test("where the checkpoint was hung below another parent", async () => {
    const { saver, graph } = await paused();
    const mine = stored(saver)[last(saver)];
    if (mine !== undefined) mine[2] = Object.keys(stored(saver))[0];
    await expect(graph.invoke(ANSWER, THREAD)).rejects.toEqual(code("CHECKPOINT_CHAIN_BROKEN"));
  });

  test("on a pending write that was altered, or that belongs to another task", async () => {
    for (const change of [editWrite, moveWrite]) {
      const { saver, graph } = await paused();
      change(saver);
      const refused = graph.invoke(ANSWER, THREAD);
      await expect(refused).rejects.toMatchObject({ name: "CheckpointError" });
    }
  });

  test("on a state of another workflow, workspace, key or version of the code", async () => {
    const { saver } = await paused();
    const secret = randomBytes(32);
    const cases: readonly (readonly [CheckpointErrorCode, Partial<SignedCheckpointerOptions>])[] = [
      ["CHECKPOINT_ELSEWHERE", { workflow: "payout" }],
      ["CHECKPOINT_ELSEWHERE", { workspace: "apac" }],
      ["CHECKPOINT_FORGED", { signer: checkpoint.signer({ ...KEY, secret }) }],
      ["CHECKPOINT_KEY_UNKNOWN", { signer: checkpoint.signer({ ...KEY, id: "k2", secret }) }],
      ["CHECKPOINT_CODE_VERSION_REFUSED", { codeVersions: ["4"] }],
    ];
    for (const [expected, options] of cases) {
      await expect(elsewhere(saver, options).invoke(ANSWER, THREAD)).rejects.toEqual(
        code(expected),
      );
    }
    const rotated = checkpoint.signer({ ...KEY, id: "k2", secret }, [KEY]);
    const graph = elsewhere(saver, { signer: rotated, codeVersions: ["3"] });
    expect(await graph.invoke(ANSWER, THREAD)).toMatchObject({ notes: expect.any(Array) });
  });

  test("and lists no history that was altered", async () => {
    const { saver, graph } = await paused();
    editLast(saver, editState);
    await expect(all(graph.getStateHistory(THREAD))).rejects.toEqual(
      code("CHECKPOINT_STATE_CHANGED"),
    );
    expect(recording.named("load_checkpoint")[0]?.attributes).toMatchObject({
      [WORKFLOW.checkpointId]: last(saver),
      [WORKFLOW.checkpointVerified]: false,
    });
  });
});

async function all(snapshots: AsyncIterable<Snapshot>): Promise<Snapshot[]> {
  const list: Snapshot[] = [];
  for await (const snapshot of snapshots) list.push(snapshot);
  return list;
}

function at(id: string): object {
  return { configurable: { ...THREAD.configurable, checkpoint_id: id } };
}

type StoredWrite = [taskId: string, channel: string, value: Uint8Array, path: string];

function writesOf(saver: MemorySaver): StoredWrite[] {
  const of = Object.entries(saver.writes).find(([key]) => key.includes(last(saver)))?.[1];
  return Object.values(of ?? {}) as unknown as StoredWrite[];
}

function editWrite(saver: MemorySaver): void {
  for (const write of writesOf(saver)) {
    write[2] = edit(write[2], (text) => text.replace(/.{4}"$/, 'AAAA"'));
  }
}

function moveWrite(saver: MemorySaver): void {
  for (const write of writesOf(saver)) write[0] = "00000000-0000-0000-0000-000000000000";
}

/** Interrupts carry ids that are new in every run. */
function withoutIds(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => (key === "id" ? undefined : inner)),
  );
}
