/**
 * The program `spanledger`: hands the command line its surroundings, and runs `serve`.
 *
 * In: arguments, environment, signals. Out: an exit code. `serve` ends with 0 after SIGTERM or
 * SIGINT once everything under way is stored or safe on the disk (30 s at most), with 2 for a wrong
 * configuration, 3 for a failure.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createLog } from "./base/log.ts";
import { EXIT } from "./cli/errors.ts";
import { runCli } from "./cli/program.ts";
import type { ServeOptions } from "./cli/types.ts";
import { ConfigError, readConfig } from "./config/config.ts";
import { startServer } from "./serve.ts";

/** Longest stop, in milliseconds: what orchestrators wait before they kill. */
const STOP_MAX_MS = 30_000;

async function serve(options: ServeOptions): Promise<number> {
  const stopSignal = new AbortController();
  // Taken before anything starts, so that Ctrl-C during the start is clean too.
  const stopped = once(stopSignal.signal, "abort");
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => stopSignal.abort());
  }
  let config: ReturnType<typeof readConfig>;
  try {
    config = readConfig(process.env, options.config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`spanledger: ${error.message}\n`);
    return EXIT.usage;
  }
  const log = createLog(config.logLevel);
  try {
    const server = await startServer(config, log);
    process.stdout.write(`${JSON.stringify({ event: "ready", ...server.ports })}\n`);
    log.info({ ...server.ports, host: config.host }, "ready; no ingest keys, so loopback only");
    await stopped;
    log.info("stopping");
    // Whatever hangs, nothing acknowledged is lost: it is on the disk and stored after the next start.
    setTimeout(() => {
      log.warn("stopping takes too long; leaving what is under way to the next start");
      process.exit(EXIT.found);
    }, STOP_MAX_MS).unref();
    await server.stop();
    log.info("stopped");
    return EXIT.found;
  } catch (error) {
    log.error({ err: error }, "serve failed");
    return EXIT.failure;
  }
}

const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { version: string };

process.exitCode = await runCli(process.argv.slice(2), {
  serve,
  version,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  fetch,
});
