/**
 * Builds the WebAssembly that ships: `npm run build:wasm`.
 *
 * In: receiver/assembly/*.ts. Out: a module beside what uses each, which is checked in; `--check`
 * only compares, which a test does.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/**
 * What is built: source, the folder and the beginning of the name of the module that carries it, pages
 * of memory, and whether it has relaxed vector instructions, which not every engine knows.
 */
const MODULES = [
  { name: "suspects", folder: "redact", pages: 4, isRelaxed: true },
  { name: "suspects", folder: "redact", pages: 4, isRelaxed: false },
  { name: "join-pairs", folder: "seal", pages: 2, isRelaxed: true },
  { name: "crc32c", folder: "spool", pages: 1, isRelaxed: true },
  { name: "crc32c", folder: "spool", pages: 1, isRelaxed: false },
] as const;

/** Letters of base64 in a line. */
const LINE_SIZE = 92;

type Module = (typeof MODULES)[number];

/** Compile a module. */
async function build({ name, pages, isRelaxed }: Module): Promise<Uint8Array> {
  const source = fileURLToPath(new URL(`../receiver/assembly/${name}.ts`, import.meta.url));
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    // biome-ignore format: an option and its value belong together
    [
      source,
      "--outFile", `${name}.wasm`,
      "--runtime", "stub",
      "--enable", "simd",
      ...(isRelaxed ? ["--enable", "relaxed-simd"] : []),
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

/** Of the module that carries the binary, without its ending. */
function fileName({ name, isRelaxed }: Module): string {
  return `${name}-${isRelaxed ? "" : "simd-"}wasm`;
}

/** The TypeScript module that carries the binary. */
function moduleText(module: Module, binary: Uint8Array): string {
  const { name, isRelaxed } = module;
  const constant = fileName(module).toUpperCase().replaceAll("-", "_");
  const without = isRelaxed ? "" : " without relaxed instructions";
  const lines = Buffer.from(binary)
    .toString("base64")
    .match(new RegExp(`.{1,${LINE_SIZE}}`, "g"));
  return [
    "/**",
    ` * The WebAssembly of assembly/${name}.ts as base64${without}. Made by .ci/build-wasm.ts; not edited.`,
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
  const path = `../receiver/src/${module.folder}/${fileName(module)}.ts`;
  const target = new URL(path, import.meta.url);
  if (!process.argv.includes("--check")) writeFileSync(target, made);
  else if (readFileSync(target, "utf8") !== made) {
    console.error(
      `${fileName(module)}: the checked-in WebAssembly is not what its source makes: npm run build:wasm`,
    );
    process.exitCode = 1;
  }
}
