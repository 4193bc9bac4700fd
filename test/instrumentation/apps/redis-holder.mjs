/** Starts a Redis and waits: to be killed. Says its port. */
import { startRedis } from "../redis.ts";

const { port } = await startRedis();
process.stdout.write(`${port}\n`);
