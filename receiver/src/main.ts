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
    // Only here: the other commands need none of it, and start in a third of the time.
    const { startServer } = await import("./serve.ts");
    const starting = startServer(config, log);
    const server = await Promise.race([starting, stopped.then(() => undefined)]);
    if (server === undefined) {
      // Nothing was accepted yet and migrations may be cut anywhere: no reason to wait for a
      // ClickHouse that does not answer. The engine's process ends with this one.
      log.info("stopped while starting");
      process.exit(EXIT.found);
    }
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

// `spanledger runs | head` closes the pipe early, which is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

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
