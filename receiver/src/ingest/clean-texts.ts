/**
 * Short texts that look suspicious and were found to be clean: names of models, versions, dates,
 * addresses. Telemetry repeats them, and each costs the detectors microseconds.
 *
 * In: ranges of bytes. Out: whether the same bytes were noted before. Side effect: a memory of fixed
 * size; a text lives in one cell and is replaced by the next one that falls there.
 */
import { hashOf } from "./key-table.ts";

/** Longest text that is noted, in bytes. Longer ones seldom come again. */
const TEXT_SIZE_MAX_BYTES = 63;

/** Bytes of a cell: a size and a text. */
const CELL_SIZE_BYTES = 64;

/** Cells: 256 KiB in all. */
const CELLS = 4_096;

/** See the module comment. */
export class CleanTexts {
  readonly #cells: Uint8Array = new Uint8Array(CELLS * CELL_SIZE_BYTES);

  has(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    const size = end - start;
    if (size > TEXT_SIZE_MAX_BYTES) return false;
    const cells = this.#cells;
    const cell = cellOf(bytes, view, start, size);
    if (cells[cell] !== size) return false;
    const shift = cell + 1 - start;
    for (let at = start; at < end; at += 1) if (bytes[at] !== cells[at + shift]) return false;
    return true;
  }

  add(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const size = end - start;
    if (size > TEXT_SIZE_MAX_BYTES) return;
    const cell = cellOf(bytes, view, start, size);
    this.#cells[cell] = size;
    this.#cells.set(bytes.subarray(start, end), cell + 1);
  }
}

function cellOf(bytes: Uint8Array, view: DataView, start: number, size: number): number {
  return (hashOf(bytes, view, start, size) & (CELLS - 1)) * CELL_SIZE_BYTES;
}
