/**
 * The machine a figure was measured on. Out: one line. Reads the operating system's facts only.
 */
import { cpus, loadavg, totalmem } from "node:os";

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly node: string;
  /** Load of the last minute when the benchmark began: above the own load, others were working. */
  readonly loadAverage: number;
}

export function machine(): Machine {
  const cores = cpus();
  return {
    cores: cores.length,
    cpu: cores[0]?.model.trim() ?? "unknown",
    memoryGb: Math.round(totalmem() / 1e9),
    node: process.version,
    loadAverage: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

/** For people. */
export function machineLine(of: Machine): string {
  const load = `load average ${of.loadAverage} at the start`;
  return `machine: ${of.cores} × ${of.cpu}, ${of.memoryGb} GB, Node ${of.node}, ${load}`;
}
