/**
 * Goal: calls into a thread are answered as they would be here, and nothing that it read gets out.
 * Method: a real thread (`thread-echo.test.helper.ts`).
 */
import { expect, test } from "vitest";
import { Thread } from "./thread.ts";
import type { EchoCall } from "./thread-echo.test.helper.ts";

function startEcho(onDeath?: (error: Error) => void): Thread<EchoCall, unknown> {
  return new Thread<EchoCall, unknown>("./thread-echo.test.helper.ts", import.meta.url, {
    data: "echo",
    ...(onDeath && { onDeath }),
  });
}

test("each call has its own answer, whichever comes first", async () => {
  const thread = startEcho();
  const calls = [3, 0, 1].map((pauseTurns) =>
    thread.call({ kind: "echo", text: `${pauseTurns}`, pauseTurns }),
  );
  expect(await Promise.all(calls)).toEqual(["echo 3", "echo 0", "echo 1"]);
  await thread.stop();
});

test("memory goes over and comes back without being copied", async () => {
  const thread = startEcho();
  const bytes = new Uint8Array(1_000);
  const answer = thread.call({ kind: "size", bytes }, [bytes.buffer]);
  expect(bytes.length).toBe(0);
  expect(await answer).toEqual(new Uint8Array(1_000).fill(1));
  await thread.stop();
});

test("what is thrown arrives with its name and place, and without its message", async () => {
  const thread = startEcho();
  const error: unknown = await thread
    .call({ kind: "throw", text: "jane@acme.com" })
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  const { message, stack } = error as Error;
  expect(message).toBe("RangeError in a thread");
  expect(stack).toContain("thread-echo.test.helper.ts");
  expect(`${message}${stack}`).not.toContain("jane");
  // It lives on.
  expect(await thread.call({ kind: "echo", text: "again" })).toBe("echo again");
  await thread.stop();
});

test("a thread that ends by itself is reported, one that is stopped is not", async () => {
  const death = Promise.withResolvers<Error>();
  const thread = startEcho(death.resolve);
  void thread.call({ kind: "die" });
  expect((await death.promise).message).toBe(
    "the thread of ./thread-echo.test.helper.ts ended: TypeError",
  );
  const deaths: Error[] = [];
  const other = startEcho((error) => deaths.push(error));
  expect(await other.call({ kind: "echo", text: "x" })).toBe("echo x");
  await other.stop();
  expect(deaths).toEqual([]);
});
