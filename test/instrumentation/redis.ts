/**
 * A Redis of the test's own: `redis-server` on a free port of 127.0.0.1, in a folder of its own. It
 * ends with this process, also where that is killed.
 *
 * Where the machine has no `redis-server`, its tests are skipped and the reason is printed; with
 * SPANLEDGER_REQUIRE_PEERS=1 they fail instead.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Longest time until it accepts connections, in milliseconds. */
const START_MAX_MS = 30_000;

/**
 * Runs its arguments until its standard input ends, which it does with the process at the other end
 * however that ends; the first argument is a folder that goes with them.
 */
const UNTIL_INPUT_ENDS = `
folder=$1; shift
exec 3<&0
"$@" 3<&- &
server=$!
{ cat <&3; kill "$server"; } >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait "$server"; code=$?
kill "$watch" 2>/dev/null
rm -rf "$folder"
exit "$code"`;

export interface Redis {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** The reply to one command as it comes over the wire, read by no client of the library's. */
  ask(command: string): Promise<string>;
  close(): Promise<void>;
}

/** Whether tests that need Redis are skipped. */
export function isRedisMissing(): boolean {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    // BullMQ's own client; it is the application's to install.
    createRequire(import.meta.resolve("bullmq")).resolve("ioredis");
    return false;
  } catch (error) {
    if (process.env.SPANLEDGER_REQUIRE_PEERS === "1") return false;
    const code = String((error as NodeJS.ErrnoException).code);
    const what = code === "MODULE_NOT_FOUND" ? "package ioredis" : "redis-server";
    process.stderr.write(`skipped, no ${what} on this machine\n`);
    return true;
  }
}

/** Start it, and wait until it accepts connections. */
export async function startRedis(): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), "spanledger-redis-"));
  const port = await freePort();
  const settings = {
    bind: "127.0.0.1",
    port: String(port),
    dir: folder,
    save: "",
    appendonly: "no",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn(
    "sh",
    ["-c", UNTIL_INPUT_ENDS, "until-input-ends", folder, "redis-server", ...flags],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  const ended = once(child, "exit");
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("redis-server does not start")), START_MAX_MS);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
      if (!/ready to accept connections/i.test(output)) return;
      clearTimeout(late);
      resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`redis-server ended with ${code}`)));
  });
  return {
    host: "127.0.0.1",
    port,
    ask: (command) => ask(port, command),
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.end(`${command}\r\n`);
  let reply = "";
  for await (const chunk of socket) reply += String(chunk);
  return reply;
}
