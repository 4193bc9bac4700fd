/**
 * Sends the example trace with the Python SDK's exporters.
 *
 * In: where a receiver listens. Out: nothing, or an error with what Python said.
 * Side effects: makes a virtual environment once, in the user's cache folder, with packages from
 * the configured index; starts Python processes.
 */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { access, mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { SenderCompression } from "./senders.ts";

const run = promisify(execFile);

/** The exporters' version; it names the cached environment, with that of Python. */
const SDK_VERSION = "1.45.2";
const PACKAGES = [
  `opentelemetry-sdk==${SDK_VERSION}`,
  `opentelemetry-exporter-otlp-proto-grpc==${SDK_VERSION}`,
  `opentelemetry-exporter-otlp-proto-http==${SDK_VERSION}`,
];
/** Longest time to make the environment, in milliseconds: some 20 MB are loaded. */
const INSTALL_TIMEOUT_MS = 300_000;
/** Longest time of one export, in milliseconds. */
const SEND_TIMEOUT_MS = 45_000;
/** What is sent, and by which program. */
const PROGRAMS: Readonly<Record<"traces" | "logs", string>> = {
  traces: fileURLToPath(new URL("send-span.py", import.meta.url)),
  logs: fileURLToPath(new URL("send-logs.py", import.meta.url)),
};

/** An interpreter with the exporters, or why there is none. */
export type Python = { readonly path: string } | { readonly missing: string };

/**
 * Find or make the environment.
 *
 * @throws when it cannot be had although SPANLEDGER_REQUIRE_PEERS=1 says that it must
 */
export async function preparePython(): Promise<Python> {
  try {
    return { path: await environment() };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    if (process.env.SPANLEDGER_REQUIRE_PEERS === "1") throw error;
    return { missing: `no Python with OpenTelemetry ${SDK_VERSION}: ${reason}` };
  }
}

async function environment(): Promise<string> {
  const { stdout } = await run("python3", [
    "-c",
    "import sys; print(sys.implementation.cache_tag)",
  ]);
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const parent = join(cache, "spanledger");
  const home = join(parent, `otlp-python-${SDK_VERSION}-${stdout.trim()}`);
  const python = join(home, "bin", "python");
  if (await exists(python)) return python;
  // Made under another name and then moved: two test runs may come here at once.
  const draft = join(parent, `draft-${randomUUID()}`);
  await mkdir(parent, { recursive: true });
  try {
    await run("python3", ["-m", "venv", draft], { timeout: INSTALL_TIMEOUT_MS });
    const install = ["-m", "pip", "install", "--quiet", ...PACKAGES];
    await run(join(draft, "bin", "python"), install, { timeout: INSTALL_TIMEOUT_MS });
    await rename(draft, home);
  } catch (error) {
    if (!(await exists(python))) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return python;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Send the example trace or log records with one of Python's exporters.
 *
 * @param python the interpreter of {@link preparePython}
 * @param endpoint gRPC: `http://host:port`; HTTP: `http://host:port/v1/traces` or `/v1/logs`
 */
export async function sendWithPython(
  python: string,
  protocol: "grpc" | "http",
  endpoint: string,
  compression: SenderCompression = "none",
  signal: keyof typeof PROGRAMS = "traces",
): Promise<void> {
  await run(python, [PROGRAMS[signal], protocol, endpoint, compression], {
    timeout: SEND_TIMEOUT_MS,
  });
}
