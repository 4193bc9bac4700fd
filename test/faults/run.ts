/**
 * `npm run faults`: every scenario, and a table of what was tried and lost.
 *
 * In: `--short`, `--seed N`, `--only TEXT`. Out: the table on standard output; exit code 1 when
 * anything was lost, doubled or wrong, 2 for wrong arguments. Side effects: those of the scenarios.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { brokenOutcome, type Outcome } from "./scenario.ts";
import { SCENARIOS } from "./scenarios/index.ts";

const SEED_MAX = 0x7fff_ffff;
const MEBIBYTE = 1_048_576;

const COLUMNS = [
  "scenario",
  "seed",
  "faults",
  "requests",
  "sent",
  "acknowledged",
  "stored",
  "lost",
  "twice",
  "wrong",
  "MB",
  "s",
] as const;

function cells(outcome: Outcome): string[] {
  if (outcome.skipped !== undefined) return [outcome.name, `${outcome.seed}`, "skipped"];
  return [
    outcome.name,
    `${outcome.seed}`,
    `${outcome.faults}`,
    `${outcome.requests}`,
    `${outcome.attempts}`,
    `${outcome.acknowledged}`,
    `${outcome.stored}`,
    `${outcome.lost}`,
    `${outcome.twice}`,
    `${outcome.problems.length}`,
    `${Math.round(outcome.memoryMaxBytes / MEBIBYTE)}`,
    (outcome.durationMs / 1_000).toFixed(1),
  ];
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = COLUMNS.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ");
  return rows.map(line).join("\n");
}

function remarks(outcome: Outcome): string[] {
  const { name, skipped, problems, notes } = outcome;
  return [
    ...(skipped === undefined ? [] : [`${name}: skipped: ${skipped}`]),
    ...notes.map((note) => `${name}: ${note}`),
    ...problems.map(({ code, text }) => `${name}: ${code}: ${text}`),
  ];
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    seed: { type: "string" },
    only: { type: "string", default: "" },
  },
});
const seed = values.seed === undefined ? randomInt(SEED_MAX) : Number(values.seed);
const scenarios = SCENARIOS.filter(({ name }) => name.includes(values.only));
if (!Number.isSafeInteger(seed) || scenarios.length === 0) {
  process.stderr.write("usage: faults [--short] [--seed N] [--only part of a scenario's name]\n");
  process.exit(2);
}

process.stdout.write(`seed ${seed}, ${values.short ? "short" : "long"} form\n`);
const outcomes: Outcome[] = [];
for (const scenario of scenarios) {
  const outcome = await scenario
    .run(values.short ? "short" : "long", seed)
    .catch((error: unknown) => brokenOutcome(scenario.name, seed, error));
  outcomes.push(outcome);
  process.stdout.write(`${[cells(outcome).join("  "), ...remarks(outcome)].join("\n")}\n`);
}
process.stdout.write(`\n${table([[...COLUMNS], ...outcomes.map(cells)])}\n`);
process.exitCode = outcomes.some(({ problems }) => problems.length > 0) ? 1 : 0;
