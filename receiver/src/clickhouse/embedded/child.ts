/**
 * The child process that owns chDB. Started by `supervisor.ts`, never by hand.
 *
 * In: one `start` message. Out: `ready` or `failed`, then HTTP answers. It ends on SIGTERM, after
 * its running queries, and at once when its parent is gone: what was acknowledged is on disk, and
 * the next parent wants the directory's lock. SIGINT, which a terminal sends to the whole group, is
 * the parent's.
 */
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tuneHeap } from "../../base/heap.ts";
import { Engine } from "./engine.ts";
import { emptySpool, prepareEngineFiles } from "./engine-files.ts";
import type { EmbeddedErrorCode } from "./errors.ts";
import { createHttpServer } from "./http-server.ts";
import { DRAIN_MAX_MS, QUERIES_WAITING_MAX } from "./limits.ts";
import type { ChildConfig, ChildMessage, ParentMessage } from "./messages.ts";
import { NamedSessions } from "./named-sessions.ts";
import { Slots } from "./slots.ts";

/** How often a stopping server looks for connections that have become idle. */
const SWEEP_MS = 20;

interface Running {
  readonly engine: Engine;
  readonly server: Server;
  readonly sessions: NamedSessions;
}

async function start(config: ChildConfig): Promise<{ running: Running; port: number }> {
  // Bodies of inserts are buffers: a third of what it cost to take one was looking for them in the heap.
  tuneHeap();
  const paths = prepareEngineFiles(config.directory, config.resultMaxBytes);
  // Spool files are named relative to here: a path given to INFILE may hold patterns.
  process.chdir(paths.spool);
  const engine = await Engine.open(paths.engine, paths.config);
  emptySpool(paths.spool);
  const sessions = new NamedSessions(() => engine.openSession());
  const server = createHttpServer({
    config,
    engine,
    sessions,
    slots: new Slots(config.queriesMax, QUERIES_WAITING_MAX),
    spoolDirectory: paths.spool,
  });
  server.listen(config.port, config.host);
  await once(server, "listening");
  return { running: { engine, server, sessions }, port: (server.address() as AddressInfo).port };
}

/** Let running queries end, then leave. */
async function stop(running: Running | undefined): Promise<void> {
  setTimeout(end, DRAIN_MAX_MS).unref();
  if (running !== undefined) {
    const closed = once(running.server, "close");
    running.server.close();
    // A connection becomes idle when its answer is out; its client would keep it open.
    const { server } = running;
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    await closed;
    clearInterval(sweep);
    running.sessions.closeAll();
    running.engine.close();
  }
  end();
}

/**
 * End this process without exit handlers: chDB's wait for locks that its threads hold while it
 * starts or runs a query, and then the process stays for ever, and the directory's lock with it.
 */
function end(): void {
  process.kill(process.pid, "SIGKILL");
}

function failureCode(error: unknown): EmbeddedErrorCode {
  if ((error as { code?: unknown }).code === "EADDRINUSE") return "EMBEDDED_PORT_IN_USE";
  return "EMBEDDED_START_FAILED";
}

function tell(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, undefined, {}, () => resolve());
  });
}

let running: Running | undefined;
let stopping = false;

function leave(): void {
  if (stopping) return;
  stopping = true;
  stop(running).catch(end);
}

async function serve(config: ChildConfig): Promise<void> {
  try {
    const started = await start(config);
    running = started.running;
    const { version } = running.engine;
    await tell({ type: "ready", port: started.port, version });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await tell({ type: "failed", code: failureCode(error), message });
    end();
  }
}

process.on("SIGINT", () => undefined);
process.on("SIGTERM", leave);
process.on("disconnect", end);
process.once("message", (message: ParentMessage) => {
  if (message.type === "start") serve(message.config).catch(leave);
});
