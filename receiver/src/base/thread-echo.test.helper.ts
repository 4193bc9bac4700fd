/** What the thread of `thread.test.ts` runs. */
import { workerData } from "node:worker_threads";
import { answerCalls } from "./thread.ts";

export type EchoCall =
  | { readonly kind: "echo"; readonly text: string; readonly pauseTurns?: number }
  | { readonly kind: "size"; readonly bytes: Uint8Array }
  | { readonly kind: "throw"; readonly text: string }
  | { readonly kind: "die" };

answerCalls<EchoCall, unknown>(async (call) => {
  switch (call.kind) {
    case "echo":
      for (let turn = 0; turn < (call.pauseTurns ?? 0); turn += 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      return { reply: `${String(workerData)} ${call.text}` };
    case "size": {
      const bytes = new Uint8Array(call.bytes.length).fill(1);
      return { reply: bytes, transfer: [bytes.buffer] };
    }
    case "throw":
      throw new RangeError(call.text);
    case "die":
      setImmediate(() => {
        throw new TypeError("of no interest");
      });
      return { reply: undefined };
  }
});
