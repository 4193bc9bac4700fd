/**
 * Rounds to one line per subject, and Spanledger against each Collector as issue and design ask.
 *
 * In: results of rounds and kills. Out: medians, ratios, text. Pure.
 */
import type { KillResult, RoundResult } from "./round.ts";
import { OURS } from "./subjects.ts";
import { median, megabytes, short, type TableRow, table, whole } from "./table.ts";

/** Medians of a subject's rounds. */
export interface SubjectFigures {
  readonly subject: string;
  readonly acceptedPerS: number;
  readonly storedPerS: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly cpuProcess: number;
  readonly cpuEngine: number;
  readonly cpuGenerator: number;
  /** The highest of all rounds, not the median. */
  readonly memoryBytes: number;
  readonly diskBytesPerSpan: number;
  readonly lost: number;
  readonly doubled: number;
  readonly lostOnKill: number;
  readonly doubledOnKill: number;
  readonly acknowledgedBeforeKill: number;
  readonly unsettledRounds: number;
}

/** Spanledger's figure divided by the Collector's. */
export interface Ratio {
  readonly measure: string;
  readonly ratio: number;
  readonly must: number;
  readonly aim: number;
  readonly isHeld: boolean;
}

export interface Comparison {
  readonly subjects: readonly SubjectFigures[];
  readonly ratios: readonly Ratio[];
}

/** What must hold: measure, the Collector's set-up, limits; `>=` where more is better. */
const RULES = [
  { of: "cpuProcess", to: "Collector + redaction", sign: "<=", must: 0.2, aim: 0.1 },
  { of: "cpuProcess", to: "Collector", sign: "<=", must: 0.8, aim: 0.4 },
  { of: "storedPerS", to: "Collector + redaction", sign: ">=", must: 2.5, aim: 4 },
  { of: "storedPerS", to: "Collector", sign: ">=", must: 1.2, aim: 2 },
  { of: "cpuEngine", to: "Collector", sign: "<=", must: 1, aim: 0.6 },
] as const;

const WORDS = {
  cpuProcess: "CPU of the process",
  cpuEngine: "CPU of the engine",
  storedPerS: "stored spans/s",
} as const;

/** Put everything side by side. */
export function compare(rounds: readonly RoundResult[], kills: readonly KillResult[]): Comparison {
  const names = [...new Set(rounds.map(({ subject }) => subject))];
  const subjects = names.map((name) =>
    figuresOf(
      name,
      rounds.filter(({ subject }) => subject === name),
      kills.find(({ subject }) => subject === name),
    ),
  );
  const ours = subjects.find(({ subject }) => subject === OURS);
  const ratios = RULES.flatMap(({ of, to, sign, must, aim }) => {
    const theirs = subjects.find(({ subject }) => subject === to);
    if (ours === undefined || theirs === undefined) return [];
    const ratio = ours[of] / theirs[of];
    const isHeld = sign === "<=" ? ratio <= must : ratio >= must;
    return [{ measure: `${WORDS[of]}, against ${to} (${sign})`, ratio, must, aim, isHeld }];
  });
  return { subjects, ratios };
}

function figuresOf(
  subject: string,
  rounds: readonly RoundResult[],
  kill: KillResult | undefined,
): SubjectFigures {
  const middle = (of: (round: RoundResult) => number): number => median(rounds.map(of));
  const total = (of: (round: RoundResult) => number): number =>
    rounds.reduce((sum, round) => sum + of(round), 0);
  return {
    subject,
    acceptedPerS: middle((round) => round.acceptedPerS),
    storedPerS: middle((round) => round.storedPerS),
    ackP50Ms: middle((round) => round.ackP50Ms),
    ackP99Ms: middle((round) => round.ackP99Ms),
    cpuProcess: middle((round) => round.cpu.process),
    cpuEngine: middle((round) => round.cpu.engine),
    cpuGenerator: middle((round) => round.cpu.generator),
    memoryBytes: Math.max(...rounds.map((round) => round.memoryBytes)),
    diskBytesPerSpan: middle((round) => round.diskBytesPerSpan),
    lost: total((round) => round.stored.lost),
    doubled: total((round) => round.stored.doubled),
    lostOnKill: kill?.lost ?? Number.NaN,
    doubledOnKill: kill?.doubled ?? Number.NaN,
    acknowledgedBeforeKill: kill?.acknowledgedSpans ?? Number.NaN,
    unsettledRounds: rounds.filter(({ isSettled }) => !isSettled).length,
  };
}

/** The tables for people. */
export function printComparison({ subjects, ratios }: Comparison): string {
  const measured = table(subjects.map(subjectRow));
  const killed = table(
    subjects.map((of) => ({
      "kill -9 under load": of.subject,
      acknowledged: whole(of.acknowledgedBeforeKill),
      lost: whole(of.lostOnKill),
      "stored twice": whole(of.doubledOnKill),
    })),
  );
  const held = table(
    ratios.map((ratio) => ({
      "Spanledger ÷ Collector": ratio.measure,
      ratio: short(ratio.ratio),
      must: short(ratio.must),
      aim: short(ratio.aim),
      holds: ratio.isHeld ? "yes" : "NO",
    })),
  );
  return `${measured}\n\n${killed}\n\n${held}`;
}

function subjectRow(of: SubjectFigures): TableRow {
  return {
    "CPU-s per million spans; MB": of.subject,
    "accepted/s": whole(of.acceptedPerS),
    "stored/s": whole(of.storedPerS),
    "ack p50 ms": short(of.ackP50Ms),
    "p99 ms": short(of.ackP99Ms),
    "CPU process": short(of.cpuProcess),
    engine: short(of.cpuEngine),
    load: short(of.cpuGenerator),
    memory: megabytes(of.memoryBytes),
    "bytes/span": short(of.diskBytesPerSpan),
    lost: whole(of.lost),
    twice: whole(of.doubled),
    unsettled: whole(of.unsettledRounds),
  };
}
