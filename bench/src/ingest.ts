/**
 * `npm run bench:ingest`: `spanledger serve` on its own engine under rising load, over gRPC and HTTP.
 * What the figures mean stands in the README.
 *
 * In: the command line. Out: tables, or JSON with `--json`. Side effects: processes, temporary
 * folders. Exit code 1 when a span was lost or doubled.
 */
import { parseArgs } from "node:util";
import { type Ladder, measureLadder, type PhaseFigures } from "./ladder.ts";
import { LOAD_SPANS_MAX } from "./load-template.ts";
import type { Transport } from "./load-types.ts";
import { machine, machineLine } from "./machine.ts";
import { REQUEST_SPANS, SHAPES, type Shape } from "./shapes.ts";
import { megabytes, short, type TableRow, table, whole } from "./table.ts";

const { values: flags } = parseArgs({
  options: {
    /** Seconds instead of minutes: shows that it runs, measures nothing. */
    tiny: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    transport: { type: "string", default: "grpc,http" },
    /** Length of a phase, in seconds. */
    seconds: { type: "string", default: "10" },
    /** Only these steps of the rising load, with commas between. */
    connections: { type: "string" },
    /** Only even loads of so many spans per second, with commas between; after `--connections`. */
    rate: { type: "string" },
    shape: { type: "string", default: "genai" },
    /** Spans of a request. @default 512, or 256 large ones */
    spans: { type: "string" },
    gzip: { type: "boolean", default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const on = machine();
  const ladders: Ladder[] = [];
  const shape = SHAPES.find((one) => one === flags.shape);
  if (shape === undefined) {
    process.stderr.write(`--shape takes ${SHAPES.join(", ")}\n`);
    return 2;
  }
  if (flags.spans !== undefined && !isSpanCount(Number(flags.spans))) {
    process.stderr.write(`--spans takes a number from 1 to ${LOAD_SPANS_MAX}\n`);
    return 2;
  }
  for (const flag of ["connections", "rate"] as const) {
    if (numbers(flags[flag]).every((value) => Number.isInteger(value) && value > 0)) continue;
    process.stderr.write(`--${flag} takes whole numbers above 0 with commas between\n`);
    return 2;
  }
  for (const transport of flags.transport.split(",")) {
    if (transport !== "grpc" && transport !== "http") {
      process.stderr.write("--transport takes grpc, http or both with a comma between\n");
      return 2;
    }
    ladders.push(await measureLadder({ transport, ...sizes(transport, shape) }));
  }
  if (flags.json) process.stdout.write(`${JSON.stringify({ machine: on, ladders }, null, 2)}\n`);
  else process.stdout.write(`${machineLine(on)}\n${ladders.map(printLadder).join("")}`);
  const phases = ladders.flatMap((ladder) => ladder.phases);
  return phases.some(({ lost, doubled }) => lost > 0 || doubled > 0) ? 1 : 0;
}

function sizes(transport: Transport, shape: Shape) {
  const common = {
    shape,
    isGzipped: flags.gzip,
    note: (line: string) => process.stderr.write(`${transport}: ${line}\n`),
  };
  if (flags.connections !== undefined || flags.rate !== undefined) {
    return {
      ...common,
      connections: numbers(flags.connections),
      rates: numbers(flags.rate),
      phaseMs: Number(flags.seconds) * 1000,
      spansPerRequest: requestSpansOf(shape),
    };
  }
  return flags.tiny
    ? {
        ...common,
        connections: [1, 2],
        phaseMs: 500,
        spansPerRequest: 32,
        overload: { spoolMaxBytes: 1_048_576, connections: 8 },
      }
    : {
        ...common,
        connections: [1, 2, 4, 8, 16, 32, 64, 128],
        phaseMs: Number(flags.seconds) * 1000,
        spansPerRequest: requestSpansOf(shape),
        overload: { spoolMaxBytes: 268_435_456, connections: 64 },
      };
}

/** @param list numbers with commas between */
function numbers(list: string | undefined): readonly number[] {
  return list === undefined ? [] : list.split(",").map(Number);
}

/** As exporters send them, if nothing else is asked for: requests stay below gRPC's usual 4 MiB. */
function requestSpansOf(shape: Shape): number {
  if (flags.spans !== undefined) return Number(flags.spans);
  return shape === "large" ? REQUEST_SPANS / 2 : REQUEST_SPANS;
}

function isSpanCount(spans: number): boolean {
  return Number.isInteger(spans) && spans >= 1 && spans <= LOAD_SPANS_MAX;
}

function printLadder(ladder: Ladder): string {
  const { transport, highestStoredPerS, phases } = ladder;
  return (
    `\n${transport}, ${ladder.spansPerRequest} spans a request of ${short(ladder.spanBytes)} bytes each; ` +
    `highest load ${whole(highestStoredPerS)} stored spans/s\n${table(phases.map(phaseRow))}\n`
  );
}

function phaseRow(of: PhaseFigures): TableRow {
  return {
    "CPU-s per million spans; MB": of.name,
    "accepted/s": whole(of.acceptedPerS),
    "stored/s": whole(of.storedPerS),
    "ack p50 ms": short(of.ackP50Ms),
    "p99 ms": short(of.ackP99Ms),
    receiver: short(of.cpu.process),
    engine: short(of.cpu.engine),
    load: short(of.cpu.generator),
    "receiver MB": megabytes(of.memoryBytes),
    "engine MB": megabytes(of.engineMemoryBytes),
    "spool MB": megabytes(of.spoolBytes),
    refused: whole(of.refusedRequests),
    lost: whole(of.lost),
    twice: whole(of.doubled),
  };
}
