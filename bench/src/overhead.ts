/**
 * `npm run bench:overhead`: what does the one import cost an application?
 *
 * Each library's application runs with the import and without, in turns, as processes of their own;
 * a receiver over gRPC takes the spans in this process. Prints microseconds of the application's
 * thread (its CPU clock: encoding and sending included, garbage collection of other threads not)
 * and allocated bytes; with `--memory`, instead, what is left on the heap over 100,000 calls.
 *
 * `--only TEXT,TEXT` takes the subjects whose name holds one of them; `--rounds N`, more than three; `--json` prints
 * JSON; `--tiny` does everything once with few calls.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type GrpcServer, startGrpcServer } from "../../test/instrumentation/grpc-server.ts";
import { isRedisMissing, type Redis, startRedis } from "../../test/instrumentation/redis.ts";
import { machine, machineLine } from "./machine.ts";
import { NEEDS_REDIS, SUBJECTS } from "./overhead-subjects.ts";
import { median, short, table, whole } from "./table.ts";

const isTiny: boolean = process.argv.includes("--tiny");
const looksAtMemory: boolean = process.argv.includes("--memory");
const wanted: readonly string[] = (argument("--only") ?? "").split(",");

/** Rounds; in each, every way has its turn. */
const ROUNDS: number = isTiny ? 1 : Number(argument("--rounds") ?? 3);
/** Calls of a turn, before a subject's share: so many that the code is compiled for most of it. */
const CALLS: number = isTiny ? 20 : 12_000;
/** Calls over which allocation is counted: so few that no collection comes in between. */
const ALLOCATION_CALLS: number = isTiny ? 20 : 500;
/** Calls over which the heap must not grow; here no subject has a share of its own. */
const MEMORY_CALLS: number = isTiny ? 100 : 100_000;

/** A step that waits for a model this long is usual, in microseconds. */
const USUAL_STEP_US = 50_000;

const APP: string = fileURLToPath(new URL("overhead-app.ts", import.meta.url));
const REGISTER: string = import.meta.resolve("@spanledger/register");

/** A young generation that holds a whole run: nothing is collected while bytes are counted. */
const NO_COLLECTION = ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"];

/** What is left of a call, in bytes, and over how many calls that was measured. */
interface Left {
  readonly heapBytesPerCall: number;
  readonly memoryCalls: number;
}

interface Cost {
  readonly spans: number;
  readonly usWithout: number;
  readonly usWith: number;
  readonly usPerSpan: number;
  /** The part of it that records; the rest encodes and sends. */
  readonly usRecordingPerSpan: number;
  /** Of a step of 50 ms in which one such call happens. */
  readonly percentOfStep: number;
  readonly bytesPerSpan: number;
}

type Measured = { readonly subject: string } & Partial<Cost & Left>;

type Mode = "time" | "allocation" | "memory";

/** `unsent`: with the import, and no exporter. */
type Way = "without" | "unsent" | "with";

interface Turn {
  readonly subject: string;
  readonly way: Way;
  readonly calls: number;
  readonly mode: Mode;
}

async function run<T>(turn: Turn, receiver: GrpcServer, redis: Redis | undefined): Promise<T> {
  const flags = ["--conditions=@spanledger/source", "--no-warnings"];
  if (turn.mode === "allocation") flags.push(...NO_COLLECTION);
  if (turn.mode === "memory") flags.push("--expose-gc");
  if (turn.way !== "without") flags.push("--import", REGISTER);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...flags, APP, turn.subject, String(turn.calls), String(redis?.port ?? 0), turn.mode],
    {
      env: {
        ...process.env,
        SPANLEDGER_QUIET: "1",
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_TRACES_EXPORTER: turn.way === "unsent" ? "none" : "otlp",
      },
    },
  );
  return JSON.parse(stdout) as T;
}

function part(subject: string, calls: number): number {
  return Math.max(10, Math.round(calls * (SUBJECTS[subject]?.share ?? 1)));
}

async function measureMemory(
  subject: string,
  receiver: GrpcServer,
  redis: Redis | undefined,
): Promise<Left> {
  const calls = MEMORY_CALLS;
  const turn = { subject, way: "with" as const, calls, mode: "memory" as const };
  const { heaps } = await run<{ heaps: number[] }>(turn, receiver, redis);
  // The first part fills caches; growth between its end and the last look is a leak.
  const [first = 0, , , , last = 0] = heaps;
  return { heapBytesPerCall: (last - first) / (calls * 0.8), memoryCalls: calls };
}

async function measureCost(
  subject: string,
  receiver: GrpcServer,
  redis: Redis | undefined,
): Promise<Cost> {
  const spans = SUBJECTS[subject]?.spans ?? 1;
  const us: Record<Way, number[]> = { without: [], unsent: [], with: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const way of ["without", "unsent", "with"] as const) {
      const turn = { subject, way, calls: part(subject, CALLS), mode: "time" as const };
      us[way].push((await run<{ usPerCall: number }>(turn, receiver, redis)).usPerCall);
    }
  }
  const bytes = async (way: Way): Promise<number> => {
    const turn = {
      subject,
      way,
      calls: part(subject, ALLOCATION_CALLS),
      mode: "allocation" as const,
    };
    return (await run<{ bytesPerCall: number }>(turn, receiver, redis)).bytesPerCall;
  };
  const bytesPerCall = (await bytes("with")) - (await bytes("without"));
  const [usWithout, usWith] = [median(us.without), median(us.with)];
  return {
    spans,
    usWithout,
    usWith,
    usPerSpan: (usWith - usWithout) / spans,
    usRecordingPerSpan: (median(us.unsent) - usWithout) / spans,
    percentOfStep: ((usWith - usWithout) / USUAL_STEP_US) * 100,
    bytesPerSpan: bytesPerCall / spans,
  };
}

function print(measured: readonly Measured[]): string {
  return table(
    measured.map(({ subject, ...one }) => ({
      "one call": subject,
      ...(one.usWith !== undefined && {
        spans: String(one.spans),
        "µs without": short(one.usWithout ?? 0),
        "µs with": short(one.usWith),
        "µs per span": short(one.usPerSpan ?? 0),
        recording: short(one.usRecordingPerSpan ?? 0),
        "% of a 50 ms step": short(one.percentOfStep ?? 0),
        "bytes per span": whole(one.bytesPerSpan ?? 0),
      }),
      ...(one.memoryCalls !== undefined && {
        "left per call": `${short(one.heapBytesPerCall ?? 0)} B of ${whole(one.memoryCalls)}`,
      }),
    })),
  );
}

function argument(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

const before = machine();
const receiver = await startGrpcServer(false);
const redis = isRedisMissing() ? undefined : await startRedis();
const subjects = Object.keys(SUBJECTS)
  .filter((subject) => wanted.some((text) => subject.includes(text)))
  .filter((subject) => subject !== NEEDS_REDIS || redis !== undefined);
const measureOne = async (subject: string): Promise<Measured> => ({
  subject,
  ...(!looksAtMemory || isTiny ? await measureCost(subject, receiver, redis) : {}),
  ...(looksAtMemory || isTiny ? await measureMemory(subject, receiver, redis) : {}),
});
const measured: Measured[] = [];
// Figures of the tiny form mean nothing, so its subjects need not wait for one another.
if (isTiny) measured.push(...(await Promise.all(subjects.map(measureOne))));
else for (const subject of subjects) measured.push(await measureOne(subject));
await redis?.close();
if (process.argv.includes("--json")) {
  process.stdout.write(`${JSON.stringify({ machine: before, measured })}\n`);
} else {
  const how = `median of ${ROUNDS} rounds in turns`;
  process.stdout.write(`${machineLine(before)}\n${how}\n\n${print(measured)}\n`);
}
process.exit();
