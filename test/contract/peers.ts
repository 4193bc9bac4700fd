/**
 * Clients in other languages, made ready once and kept in a cache folder outside the checkout.
 *
 * Out: the path of a program, or the reason why there is none. With SPANLEDGER_REQUIRE_PEERS=1 a
 * missing client is a failure; without, its tests are skipped and the reason is printed.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Longest time to fetch and build a client, in milliseconds. */
const PREPARE_MAX_MS = 300_000;

export type Peer = { readonly path: string } | { readonly missing: string };

const isRequired = process.env.SPANLEDGER_REQUIRE_PEERS === "1";
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "spanledger");

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function run(program: string, parameters: string[], cwd?: string): Promise<string> {
  const options = { timeout: PREPARE_MAX_MS, ...(cwd === undefined ? {} : { cwd }) };
  return (await execute(program, parameters, options)).stdout.trim();
}

async function keyOf(program: string, sources: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(program);
  for (const source of sources) hash.update(await readFile(source));
  return hash.digest("hex").slice(0, 16);
}

function lastWords(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr?.trim() || message).split("\n").slice(-3).join(" ");
}

/** Build into a folder of its own, so that an interrupted build is never taken for a whole one. */
async function once(folder: string, build: (folder: string) => Promise<void>): Promise<void> {
  if (await exists(folder)) return;
  const temporary = `${folder}.${process.pid}`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  try {
    await build(temporary);
    await rename(temporary, folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function prepare(name: string, make: () => Promise<string>): Promise<Peer> {
  try {
    return { path: await make() };
  } catch (error) {
    const missing = `${name}: ${lastWords(error)}`;
    if (!isRequired) process.stderr.write(`skipped, no client in ${missing}\n`);
    return { missing };
  }
}

/** Whether the tests of a client are skipped: it is missing and nobody requires it. */
export function isSkipped(peer: Peer): boolean {
  return "missing" in peer && !isRequired;
}

/** The path of a client that is there. */
export function pathOf(peer: Peer): string {
  if ("missing" in peer) throw new Error(`a required client is missing: ${peer.missing}`);
  return peer.path;
}

/** A Python that has the packages of a requirements file. */
export function preparePython(requirements: string): Promise<Peer> {
  return prepare("Python", async () => {
    const python = process.env.PYTHON ?? "python3";
    const version = await run(python, ["--version"]);
    const folder = join(cache, `python-${await keyOf(version, [requirements])}`);
    await once(folder, async (temporary) => {
      // Packages in a plain folder: unlike a virtual environment it may be renamed.
      const install = ["-m", "pip", "install", "--quiet", "--target", temporary];
      await run(python, [...install, "--requirement", requirements]);
    });
    return folder;
  });
}

/** A Go program built from a module. */
export function prepareGo(module: string): Promise<Peer> {
  return prepare("Go", async () => {
    const version = await run("go", ["version"]);
    const sources = ["go.mod", "go.sum", "main.go"].map((file) => join(module, file));
    const folder = join(cache, `go-${await keyOf(version, sources)}`);
    await once(folder, async (temporary) => {
      await run("go", ["build", "-o", join(temporary, "contract"), "."], module);
    });
    return join(folder, "contract");
  });
}

/** Run a client and read the JSON document that it prints. */
export async function report<Report>(
  program: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Report> {
  const env = { ...process.env, ...environment };
  const { stdout } = await execute(program, [...parameters], { env, timeout: PREPARE_MAX_MS });
  return JSON.parse(stdout) as Report;
}
