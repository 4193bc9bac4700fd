/**
 * Clears away buffers that died young, before their memory has become much.
 *
 * In: how many bytes have died. Out: nothing. Side effect: collects V8's young generation.
 *
 * A request leaves few objects behind and a megabyte of memory that these stand for. V8 looks for
 * young objects when their own memory is full, and at what stands behind them only after 64 MiB: then
 * it looks through the whole heap, old objects too, in four threads. To look through the young ones
 * when a few requests have come takes about a millisecond, and both need not happen.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** V8's own collector, as it shows itself with `--expose-gc`. */
type Collect = (options: { readonly type: "minor" }) => void;

/** Counts bytes, and collects whenever it has counted so many. */
export class YoungGarbage {
  readonly #limitBytes: number;
  readonly #collect: Collect;
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    setFlagsFromString("--expose-gc");
    this.#collect = runInNewContext("gc") as Collect;
  }

  /** So many bytes have died, or will have before long. */
  note(sizeBytes: number): void {
    this.#bytes += sizeBytes;
    if (this.#bytes < this.#limitBytes) return;
    this.#bytes = 0;
    this.#collect({ type: "minor" });
  }
}
