/**
 * `npm run bench:versus-collector`: Spanledger and an OpenTelemetry Collector, in turns, under the
 * same load, into the same ClickHouse. What the figures mean stands in the README.
 *
 * In: the command line. Out: tables, or JSON with `--json`. Side effects: processes, temporary
 * folders; builds the Collector once. Exit code 1 when Spanledger lost or doubled a span.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startEmbeddedClickHouse } from "../../receiver/src/clickhouse/embedded/supervisor.ts";
import { buildCollector } from "../../test/collector/build.ts";
import type { Transport } from "./load-types.ts";
import { machine, machineLine } from "./machine.ts";
import { type Comparison, compare, printComparison } from "./ratios.ts";
import {
  type KillResult,
  measureKill,
  measureRound,
  type RoundOptions,
  type RoundResult,
} from "./round.ts";
import { collectors, OURS, type Subject, spanledger } from "./subjects.ts";

const { values: flags } = parseArgs({
  options: {
    /** Seconds instead of minutes: shows that it runs, measures nothing. */
    tiny: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    /** Spans of one round, in thousands. */
    kspans: { type: "string", default: "400" },
    transport: { type: "string", default: "grpc" },
    /** Only subjects whose name contains this. */
    only: { type: "string", default: "" },
    "no-kill": { type: "boolean", default: false },
  },
});

interface Report {
  readonly machine: ReturnType<typeof machine>;
  readonly transport: string;
  readonly rounds: readonly RoundResult[];
  readonly kills: readonly KillResult[];
  readonly comparison: Comparison;
}

process.exitCode = await main();

async function main(): Promise<number> {
  const build = await buildCollector();
  if ("missing" in build) {
    process.stderr.write(`bench:versus-collector needs ${build.missing}\n`);
    return 3;
  }
  const on = machine();
  const subjects = [spanledger(), ...collectors(build.collector)].filter(({ name }) =>
    name.includes(flags.only),
  );
  const { rounds, kills } = await measureAll(subjects);
  const report: Report = {
    machine: on,
    transport: flags.transport,
    rounds,
    kills,
    comparison: compare(rounds, kills),
  };
  if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else {
    process.stdout.write(
      `${machineLine(on)}\n${load()}\n\n${printComparison(report.comparison)}\n`,
    );
  }
  const ours = [...rounds.map(({ subject, stored }) => ({ subject, ...stored })), ...kills].filter(
    ({ subject }) => subject === OURS,
  );
  return ours.some(({ lost, doubled }) => lost > 0 || doubled > 0) ? 1 : 0;
}

function load(): string {
  const { requests, spansPerRequest, connections } = sizes();
  return (
    `load: ${flags.transport}, ${connections} connections, ${requests} requests of ` +
    `${spansPerRequest} spans, medians of ${roundCount()} rounds`
  );
}

async function measureAll(
  subjects: readonly Subject[],
): Promise<{ rounds: RoundResult[]; kills: KillResult[] }> {
  const dataDir = await mkdtemp(join(tmpdir(), "spanledger-bench-engine-"));
  const engine = await startEmbeddedClickHouse({ dataDir });
  const options = { engine, ...sizes() };
  const rounds: RoundResult[] = [];
  const kills: KillResult[] = [];
  try {
    for (let round = 0; round < roundCount(); round += 1) {
      // Every other round backwards, so that what one leaves to the next evens out.
      for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
        progress(`round ${round + 1}: ${subject.name}`);
        rounds.push(await measureRound(subject, options));
      }
    }
    for (const subject of flags["no-kill"] ? [] : subjects) {
      progress(`kill -9: ${subject.name}`);
      kills.push(await measureKill(subject, options));
    }
  } finally {
    await engine.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
  return { rounds, kills };
}

function roundCount(): number {
  return flags.tiny ? 1 : Number(flags.rounds);
}

function sizes(): Omit<RoundOptions, "engine"> {
  const transport: Transport = flags.transport === "http" ? "http" : "grpc";
  return flags.tiny
    ? {
        transport,
        connections: 2,
        requests: 48,
        spansPerRequest: 128,
        killAfterMs: 3_000,
        patienceMs: 4_000,
      }
    : {
        transport,
        connections: 4,
        requests: Math.ceil((Number(flags.kspans) * 1000) / 512),
        spansPerRequest: 512,
        killAfterMs: 8_000,
        patienceMs: 15_000,
      };
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
