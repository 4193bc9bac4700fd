/**
 * `npm run bench:transcode`: how fast are wire bytes made into rows, on one core?
 *
 * The clock is the process's CPU time, garbage collection included: it does not run while other
 * processes have the core.
 * Prints spans/s and MB/s of wire bytes for each way and shape, and the ratio to protobufjs decode +
 * JSON rows, measured in the same run: the ways take turns, the median of the rounds counts.
 * `--tiny` does everything once with few spans, so that a test can run it; `--json` prints JSON.
 */
import { firstPlace } from "../../receiver/src/classify/place.ts";
import { encodeSpans } from "../../receiver/src/encode-spans.ts";
import { createTranscoder } from "../../receiver/src/ingest/transcoder.ts";
import { createRedactor } from "../../receiver/src/redact/index.ts";
import { hashRows, leafHashes } from "../../receiver/src/seal/leaf.ts";
import { machine, machineLine } from "./machine.ts";
import { decodeWithProtobufjs, rowsWithProtobufjs } from "./protobufjs-rows.ts";
import { REQUEST_SPANS, requestOf, SHAPES, type Shape } from "./shapes.ts";
import { median, short, table, whole } from "./table.ts";

const isTiny: boolean = process.argv.includes("--tiny");

/** Rounds; in each every way has its turn. */
const ROUNDS: number = isTiny ? 1 : 11;

/** Wire bytes that a way takes in one turn: long enough for the clock, short enough for turns. */
const TURN_SIZE_BYTES: number = isTiny ? 1 : 40_000_000;

/** Largest request, in bytes (4 MiB): more than gRPC servers take unless they are told to. */
const REQUEST_SIZE_MAX_BYTES = 4_194_304;

/** The way that the others are compared with. */
const BASELINE = "protobufjs decode + JSON rows";

const redactor = createRedactor({ key: new Uint8Array(32).fill(7) });
const place = firstPlace({
  batchId: "01J00000000000000000000000",
  workspaceId: "default",
  retentionClass: "standard",
  receivedAtMs: Date.UTC(2026, 0, 1),
});
const slowLane = {
  encodeSpans: (
    ...[spans, at]: Parameters<Parameters<typeof createTranscoder>[0]["encodeSpans"]>
  ) => encodeSpans(redactor, spans, at),
};
const plain = createTranscoder({ redactor: "dangerously_unredacted", ...slowLane });
const redacting = createTranscoder({ redactor: redactor.fields(), ...slowLane });
const hashing = createTranscoder({ redactor: redactor.fields(), ...slowLane, hashRows });

/** Each does one request and gives back something that depends on all of it. */
const WAYS: Readonly<Record<string, (body: Buffer) => number>> = {
  "protobufjs decode": (body) => decodeWithProtobufjs(body).resourceSpans.length,
  [BASELINE]: (body) => rowsWithProtobufjs(body).length,
  "wire → rows": (body) => plain.encodeTraces(body, place).tables.length,
  "wire → redacted rows": (body) => redacting.encodeTraces(body, place).tables.length,
  "wire → redacted rows + leaf hashes": (body) => {
    let sizeBytes = 0;
    for (const rows of hashing.encodeTraces(body, place).tables) {
      sizeBytes += leafHashes(rows).length;
    }
    return sizeBytes;
  },
};

interface Measured {
  readonly shape: Shape;
  readonly way: string;
  readonly spansPerS: number;
  readonly megabytesPerS: number;
  /** Times as fast as {@link BASELINE} on the same shape. */
  readonly ratio: number;
}

function turn(way: (body: Buffer) => number, bodies: readonly Buffer[]): number {
  const requests = bodies.length;
  const start = process.cpuUsage();
  let seen = 0;
  for (const body of bodies) seen += way(body);
  const { user, system } = process.cpuUsage(start);
  if (seen === 0) throw new Error("a way did nothing");
  return ((user + system) * 1e3) / requests;
}

/** Mean size of a span of a shape, in bytes. */
function spanSize(shape: Shape): number {
  return requestOf(shape, REQUEST_SPANS, 1).length / REQUEST_SPANS;
}

function spansOf(shape: Shape): number {
  if (isTiny) return 8;
  return Math.min(REQUEST_SPANS, Math.floor(REQUEST_SIZE_MAX_BYTES / spanSize(shape)));
}

function measure(shape: Shape): Measured[] {
  const spans = spansOf(shape);
  const first = requestOf(shape, spans, 1);
  const requests = Math.max(1, Math.round(TURN_SIZE_BYTES / first.length));
  // Each is another one, so that no cache knows ids that come once.
  const bodies = [first];
  while (bodies.length < requests) bodies.push(requestOf(shape, spans, bodies.length + 1));
  const sizeBytes = bodies.reduce((sum, body) => sum + body.length, 0) / bodies.length;
  const times = new Map<string, number[]>(Object.keys(WAYS).map((name) => [name, []]));
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [name, way] of Object.entries(WAYS)) {
      const time = turn(way, bodies);
      // The first round warms up.
      if (round >= 0 || ROUNDS === 1) times.get(name)?.push(time);
    }
  }
  const baseline = median(times.get(BASELINE) ?? []);
  return [...times].map(([way, nanoseconds]) => {
    const time = median(nanoseconds);
    return {
      shape,
      way,
      spansPerS: (spans * 1e9) / time,
      megabytesPerS: (sizeBytes * 1e3) / time,
      ratio: baseline / time,
    };
  });
}

const before = machine();
const measured: Measured[] = SHAPES.flatMap(measure);
if (process.argv.includes("--json")) {
  process.stdout.write(`${JSON.stringify({ machine: before, measured })}\n`);
} else {
  const rows = measured.map(({ shape, way, spansPerS, megabytesPerS, ratio }) => ({
    shape: `${shape} (${whole(spanSize(shape))} B)`,
    "spans a request": whole(spansOf(shape)),
    way,
    "spans/s": whole(spansPerS),
    "MB/s": whole(megabytesPerS),
    ratio: short(ratio),
  }));
  const { fast, slow } = redacting.lanes;
  process.stdout.write(
    `${machineLine(before)}\nmedian of ${ROUNDS} rounds in turns\n\n` +
      `${table(rows)}\n\nspans through the fast lane: ${whole(fast)}, the slow lane: ${whole(slow)}\n`,
  );
}
