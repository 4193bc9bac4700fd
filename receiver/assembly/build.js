/**
 * Builds the WebAssembly that ships: `npm run build:wasm --workspace spanledger`.
 *
 * In: suspects.ts beside this file. Out: src/redact/suspects-wasm.ts, which is checked in; a test
 * holds it against a new build.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import asc from "assemblyscript/asc";

const SOURCE = fileURLToPath(new URL("suspects.ts", import.meta.url));
const TARGET = new URL("../src/redact/suspects-wasm.ts", import.meta.url);
/** Letters of base64 in a line. */
const LINE_SIZE = 92;
/** Compile the module. */
export async function buildSuspects() {
  let binary;
  const { error, stderr } = await asc.main(
    // biome-ignore format: an option and its value belong together
    [
        SOURCE,
        "--outFile", "suspects.wasm",
        "--runtime", "stub",
        "--enable", "simd",
        "--initialMemory", "4",
        "--maximumMemory", "4",
        "--noAssert",
        "--optimizeLevel", "3",
        "--shrinkLevel", "0",
        "--converge",
    ],
    {
      writeFile: (_name, contents) => {
        if (typeof contents !== "string") binary = contents;
      },
    },
  );
  if (error !== null || binary === undefined) {
    throw new Error(`asc failed: ${stderr.toString()}`, { cause: error });
  }
  return binary;
}
/** The TypeScript module that carries the binary. */
export function moduleText(binary) {
  const lines = Buffer.from(binary)
    .toString("base64")
    .match(new RegExp(`.{1,${LINE_SIZE}}`, "g"));
  return [
    "/**",
    " * The WebAssembly of assembly/suspects.ts as base64. Made by assembly/build.ts; not edited.",
    " */",
    "export const SUSPECTS_WASM: string =",
    ...(lines ?? []).map((line, index, all) => {
      return `  "${line}"${index === all.length - 1 ? ";" : " +"}`;
    }),
    "",
  ].join("\n");
}
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(TARGET, moduleText(await buildSuspects()));
}
//# sourceMappingURL=build.js.map
