/**
 * A real Collector and its load generator, built from Go modules.
 *
 * Out: paths of two programs. Side effects: compiles them once into the user's cache folder, under
 * the digest of what they are made of; loads Go modules through the configured module proxy.
 */
import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { access, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";

const run = promisify(execFile);

/** The Collector's release: also the version of every module in builder.yaml, and of the image. */
export const COLLECTOR_VERSION = "0.149.0";

const BUILDER = `go.opentelemetry.io/collector/cmd/builder@v${COLLECTOR_VERSION}`;
const TELEMETRYGEN = `github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@v${COLLECTOR_VERSION}`;

/** What the Collector is made of. */
export const BUILDER_CONFIG: string = fileURLToPath(new URL("builder.yaml", import.meta.url));

/** Longest time of one compilation, in milliseconds: some 300 modules are loaded the first time. */
const COMPILE_TIMEOUT_MS = 900_000;

/** Longest time for everything, in milliseconds; the time limit of the hook that builds. */
export const BUILD_TIMEOUT_MS: number = 3 * COMPILE_TIMEOUT_MS;

export interface Programs {
  readonly collector: string;
  readonly telemetrygen: string;
}

/** The programs, or why there are none. */
export type Build = Programs | { readonly missing: string };

/**
 * Find or build the programs.
 *
 * @throws when they cannot be had although SPANLEDGER_REQUIRE_PEERS=1 says that they must, and when
 *   there is Go but the build fails
 */
export async function buildCollector(): Promise<Build> {
  const config = await readFile(BUILDER_CONFIG, "utf8");
  const digest = createHash("sha256").update(`${BUILDER}\n${TELEMETRYGEN}\n${config}`);
  const parent = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "spanledger");
  const home = join(parent, `collector-${digest.digest("hex")}`);
  if (await isThere(home)) return programsIn(home);
  try {
    await run("go", ["version"]);
  } catch (error) {
    if (process.env.SPANLEDGER_REQUIRE_PEERS === "1") throw error;
    return { missing: "no Go tool chain to build a Collector with" };
  }
  // Made under another name and then moved: two test runs may come here at once.
  const draft = join(parent, `draft-${randomUUID()}`);
  await mkdir(draft, { recursive: true });
  try {
    await compile(config, draft);
    await rename(draft, home).catch(async (error: unknown) => {
      if (!(await isThere(home))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return programsIn(home);
}

async function compile(config: string, dir: string): Promise<void> {
  const sources = join(dir, "sources");
  const { dist, ...modules } = parse(config) as { dist: Record<string, unknown> };
  const file = join(dir, "builder.yaml");
  await writeFile(file, stringify({ dist: { ...dist, output_path: sources }, ...modules }));
  const options = {
    timeout: COMPILE_TIMEOUT_MS,
    env: { ...process.env, GOBIN: dir, CGO_ENABLED: "0" },
  };
  await run("go", ["install", BUILDER], options);
  await run(join(dir, "builder"), ["--config", file], options);
  await run("go", ["install", TELEMETRYGEN], options);
  await rename(join(sources, String(dist.name)), join(dir, "collector"));
  await rm(sources, { recursive: true });
}

function programsIn(home: string): Programs {
  return { collector: join(home, "collector"), telemetrygen: join(home, "telemetrygen") };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
