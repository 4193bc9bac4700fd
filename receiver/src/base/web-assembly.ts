/**
 * Checked-in WebAssembly as functions.
 *
 * In: a module as base64. Out: what it exports, with its memory. No imports, so no side effects.
 */

/** The part of the WebAssembly API that is used; Node's types leave it to those of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

/** What every module of ours exports. */
export interface WithMemory {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** Load the first of several builds of a module that the engine knows. */
export function loadFirst<Exports>(builds: readonly string[]): (Exports & WithMemory) | undefined {
  for (const build of builds) {
    const exports = loadWebAssembly<Exports>(build);
    if (exports !== undefined) return exports;
  }
  return undefined;
}

/** Load a module; undefined where the engine does not know its instructions. */
export function loadWebAssembly<Exports>(base64: string): (Exports & WithMemory) | undefined {
  try {
    const module = new WebAssembly.Module(Buffer.from(base64, "base64"));
    return new WebAssembly.Instance(module).exports as Exports & WithMemory;
  } catch {
    return undefined;
  }
}
