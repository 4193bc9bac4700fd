/**
 * Builds the WebAssembly that ships: `npm run build:wasm`.
 *
 * In: receiver/assembly/suspects.ts. Out: receiver/src/redact/suspects-wasm.ts, which is checked in;
 * `--check` only compares, which a test does.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const SOURCE: string = fileURLToPath(new URL("../receiver/assembly/suspects.ts", import.meta.url));
const TARGET: URL = new URL("../receiver/src/redact/suspects-wasm.ts", import.meta.url);

/** Letters of base64 in a line. */
const LINE_SIZE = 92;

/** Compile the module. */
async function buildSuspects(): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
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
      writeFile: (_name: string, contents: string | Uint8Array) => {
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
function moduleText(binary: Uint8Array): string {
  const lines = Buffer.from(binary)
    .toString("base64")
    .match(new RegExp(`.{1,${LINE_SIZE}}`, "g"));
  return [
    "/**",
    " * The WebAssembly of assembly/suspects.ts as base64. Made by .ci/build-wasm.ts; not edited.",
    " */",
    "export const SUSPECTS_WASM: string =",
    ...(lines ?? []).map((line, index, all) => {
      return `  "${line}"${index === all.length - 1 ? ";" : " +"}`;
    }),
    "",
  ].join("\n");
}

const made: string = moduleText(await buildSuspects());
if (process.argv.includes("--check")) {
  if (readFileSync(TARGET, "utf8") !== made) {
    console.error("the checked-in WebAssembly is not what its source makes: npm run build:wasm");
    process.exitCode = 1;
  }
} else {
  writeFileSync(TARGET, made);
}
