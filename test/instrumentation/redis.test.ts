/**
 * Goal: the Redis of tests and benchmarks outlives nobody. Method: a real process that starts one
 * and is killed; whether its port still answers.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { runApp } from "./child.ts";
import { isRedisMissing, startRedis } from "./redis.ts";

const isMissing = isRedisMissing();

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test.skipIf(isMissing)("it answers until it is closed", async () => {
  const redis = await startRedis();
  expect(await redis.ask("PING")).toBe("+PONG\r\n");
  await redis.close();
  expect(await answers(redis.port)).toBe(false);
});

test.skipIf(isMissing).each(["SIGKILL", "SIGTERM"] as const)(
  "it ends with a process that gets %s",
  async (name) => {
    const { signal, stdout } = await runApp("redis-holder.mjs", [], {
      onOutput: (_stdout, kill) => kill(name),
    });
    expect(signal).toBe(name);
    await expect.poll(() => answers(Number(stdout))).toBe(false);
  },
);
