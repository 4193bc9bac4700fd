/**
 * Goal: few bodies are in memory however many clients there are, and nobody waits for ever.
 * Method: turns of two, requests that are only events; both ends of a wait.
 */
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { ByteBudget } from "./byte-budget.ts";
import { HttpTurns } from "./http-turns.ts";
import { COMPRESSION_GUESS, READ_AHEAD_MAX_BYTES } from "./limits.ts";

const LONG_MS = 60_000;

function request(headers: Readonly<Record<string, string>> = {}): IncomingMessage {
  return Object.assign(new EventEmitter(), { headers }) as IncomingMessage;
}

function turnsOf(waitMs: number, count: number): HttpTurns {
  return new HttpTurns(new ByteBudget(READ_AHEAD_MAX_BYTES), waitMs, count);
}

test("a request waits while as many as may have their turn, and comes when one of them ends", async () => {
  const turns = turnsOf(LONG_MS, 2);
  const endFirst = await turns.take(request());
  const endSecond = await turns.take(request());
  const order: string[] = [];
  const third = turns.take(request()).then((end) => {
    order.push("third");
    return end;
  });
  const fourth = turns.take(request()).then((end) => {
    order.push("fourth");
    return end;
  });
  expect(turns.isAwaited).toBe(true);
  endSecond();
  endSecond();
  const endThird = await third;
  expect(order).toEqual(["third"]);
  expect(turns.isAwaited).toBe(true);
  endFirst();
  const endFourth = await fourth;
  expect(turns.isAwaited).toBe(false);
  endThird();
  endFourth();
});

test("who waits too long is told to come again, and leaves no trace", async () => {
  const turns = turnsOf(1, 1);
  const end = await turns.take(request());
  const late = request();
  await expect(turns.take(late)).rejects.toMatchObject({ code: "OTLP_OVERLOADED" });
  expect(late.listenerCount("close")).toBe(0);
  expect(turns.isAwaited).toBe(false);
  end();
  (await turns.take(request()))();
});

test("who goes while waiting gives the place to the next", async () => {
  const turns = turnsOf(LONG_MS, 1);
  const end = await turns.take(request());
  const gone = request();
  const waiting = turns.take(gone);
  const next = turns.take(request());
  gone.emit("close");
  await expect(waiting).rejects.toMatchObject({ code: "OTLP_ABORTED" });
  end();
  (await next)();
  expect(turns.isAwaited).toBe(false);
});

test.each([
  ["its length", { "content-length": `${READ_AHEAD_MAX_BYTES - 1}` }],
  [
    "more than its compressed length",
    { "content-length": `${READ_AHEAD_MAX_BYTES / COMPRESSION_GUESS}`, "content-encoding": "gzip" },
  ],
])("a body counts with %s before it has come", async (_, headers) => {
  const turns = turnsOf(LONG_MS, 8);
  const end = await turns.take(request(headers));
  const next = turns.take(request({ "content-length": "2" }));
  expect(turns.isAwaited).toBe(true);
  end();
  (await next)();
});
