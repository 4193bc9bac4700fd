/**
 * Builds the WebAssembly that ships: `npm run build:wasm`.
 *
 * In: receiver/assembly/*.ts. Out: a module beside what uses each, which is checked in; `--check`
 * only compares, which a test does.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** What is built: source, the module that carries it, the name in it, pages of memory. */
const MODULES = [
  { name: "suspects", target: "redact/suspects-wasm.ts", constant: "SUSPECTS_WASM", pages: 4 },
  { name: "join-pairs", target: "seal/join-pairs-wasm.ts", constant: "JOIN_PAIRS_WASM", pages: 2 },
  { name: "crc32c", target: "spool/crc32c-wasm.ts", constant: "CRC32C_WASM", pages: 2 },
] as const;

/** Letters of base64 in a line. */
const LINE_SIZE = 92;

type Module = (typeof MODULES)[number];

/** Compile a module. */
async function build({ name, pages }: Module): Promise<Uint8Array> {
  const source = fileURLToPath(new URL(`../receiver/assembly/${name}.ts`, import.meta.url));
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    // biome-ignore format: an option and its value belong together
    [
      source,
      "--outFile", `${name}.wasm`,
      "--runtime", "stub",
      "--enable", "simd",
      "--enable", "relaxed-simd",
      "--enable", "relaxed-simd",
      "--initialMemory", String(pages),
      "--maximumMemory", String(pages),
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
function moduleText({ name, constant }: Module, binary: Uint8Array): string {
  const lines = Buffer.from(binary)
    .toString("base64")
    .match(new RegExp(`.{1,${LINE_SIZE}}`, "g"));
  return [
    "/**",
    ` * The WebAssembly of assembly/${name}.ts as base64. Made by .ci/build-wasm.ts; not edited.`,
    " */",
    `export const ${constant}: string =`,
    ...(lines ?? []).map((line, index, all) => {
      return `  "${line}"${index === all.length - 1 ? ";" : " +"}`;
    }),
    "",
  ].join("\n");
}

for (const module of MODULES) {
  const made = moduleText(module, await build(module));
  const target = new URL(`../receiver/src/${module.target}`, import.meta.url);
  if (!process.argv.includes("--check")) writeFileSync(target, made);
  else if (readFileSync(target, "utf8") !== made) {
    console.error(
      `${module.name}: the checked-in WebAssembly is not what its source makes: npm run build:wasm`,
    );
    process.exitCode = 1;
  }
}
