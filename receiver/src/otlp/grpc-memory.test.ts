/**
 * Goal: a call that waits for the disk holds no memory but its rows, which are not this stage's.
 * Method: HTTP/2 clients whose calls send the same bytes; what Node says that buffers take meanwhile.
 */
import { once } from "node:events";
import { connect } from "node:http2";
import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { startOtlpGrpc } from "./grpc-server.ts";
import { GRPC_GARBAGE_MAX_BYTES } from "./limits.ts";
import { DONE, recorder } from "./servers.test.helper.ts";

const MIB = 1_048_576;
const CALLS = 40;
const TRACE_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

test("what a message came in is given back before its call is answered", async () => {
  const stored = Promise.withResolvers<void>();
  const kept = recorder();
  kept.respond = async ({ freeBody }) => {
    freeBody();
    await stored.promise;
    return DONE;
  };
  const server = await startOtlpGrpc(kept.options);
  const session = connect(`http://127.0.0.1:${server.port}`);
  const message = Buffer.alloc(5 + MIB);
  message.writeUInt32BE(MIB, 1);
  const before = process.memoryUsage().arrayBuffers;
  const answers = Array.from({ length: CALLS }, async () => {
    const stream = session.request({
      ":method": "POST",
      ":path": TRACE_PATH,
      "content-type": "application/grpc",
    });
    stream.resume().end(message);
    const [trailers] = (await once(stream, "trailers")) as [Record<string, unknown>];
    return trailers["grpc-status"];
  });
  await expect.poll(() => kept.requests.length).toBe(CALLS);
  const held = (): number => process.memoryUsage().arrayBuffers - before;
  await expect.poll(held).toBeLessThan(2 * GRPC_GARBAGE_MAX_BYTES);
  stored.resolve();
  expect(new Set(await Promise.all(answers))).toEqual(new Set([String(status.OK)]));
  session.close();
  await server.stop(0);
});
