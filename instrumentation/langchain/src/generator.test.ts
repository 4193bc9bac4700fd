/** Goal: a watched generator behaves as the generator itself, and its end is told once. */
import {
  type Context,
  type ContextManager,
  context,
  createContextKey,
  ROOT_CONTEXT,
} from "@opentelemetry/api";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type GeneratorObserver, observeGenerator } from "./generator.ts";

const KEY = createContextKey("test");
const told: string[] = [];

/** A context lasts as long as the function that it is given to: enough for code before an `await`. */
class SynchronousContexts implements ContextManager {
  #active = ROOT_CONTEXT;

  active(): Context {
    return this.#active;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    fn: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const before = this.#active;
    this.#active = active;
    try {
      return Reflect.apply(fn, self, args);
    } finally {
      this.#active = before;
    }
  }

  bind<T>(_: Context, target: T): T {
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}

beforeAll(() => {
  context.setGlobalContextManager(new SynchronousContexts());
});
beforeEach(() => {
  told.length = 0;
});

const observer: GeneratorObserver = {
  began: () => {
    told.push("began");
    return ROOT_CONTEXT.setValue(KEY, "inside");
  },
  yielded: (value) => told.push(`yielded ${String(value)}`),
  ended: () => told.push("ended"),
  failed: (error) => told.push(`failed ${String(error)}`),
};

async function* letters(): AsyncGenerator<unknown, string> {
  try {
    yield context.active().getValue(KEY);
    yield "b";
    return "done";
  } finally {
    told.push("cleaned up");
  }
}

describe("a watched generator", () => {
  test("gives the same values and return value, and runs in its context", async () => {
    const watched = observeGenerator(letters(), observer);
    expect([await watched.next(), await watched.next(), await watched.next()]).toEqual([
      { done: false, value: "inside" },
      { done: false, value: "b" },
      { done: true, value: "done" },
    ]);
    expect(await watched.next()).toEqual({ done: true, value: undefined });
    expect(told).toEqual(["began", "yielded inside", "yielded b", "cleaned up", "ended"]);
    expect(context.active().getValue(KEY)).toBeUndefined();
  });

  test("that is left early cleans up first, then has ended", async () => {
    for await (const value of observeGenerator(letters(), observer)) {
      expect(value).toBe("inside");
      break;
    }
    expect(told).toEqual(["began", "yielded inside", "cleaned up", "ended"]);
  });

  test("that is closed before it is read was never begun", async () => {
    const watched = observeGenerator(letters(), observer);
    expect(await watched.return("left")).toEqual({ done: true, value: "left" });
    expect(told).toEqual([]);
  });

  test("throws what the generator throws, and what is thrown into it", async () => {
    async function* broken(): AsyncGenerator {
      yield 1;
      throw new RangeError("broke");
    }
    const watched = observeGenerator(broken(), observer);
    await watched.next();
    await expect(watched.next()).rejects.toThrow(new RangeError("broke"));
    const other = observeGenerator(letters(), observer);
    await other.next();
    await expect(other.throw(new TypeError("in"))).rejects.toThrow(new TypeError("in"));
    expect(told.filter((one) => one.startsWith("failed"))).toEqual([
      "failed RangeError: broke",
      "failed TypeError: in",
    ]);
  });

  test("is still a generator: it has what its prototype has, and iterates itself", () => {
    const source = letters();
    const watched = observeGenerator(source, observer);
    expect(Object.getPrototypeOf(watched)).toBe(Object.getPrototypeOf(source));
    expect(watched[Symbol.asyncIterator]()).toBe(watched);
    expect(Object.prototype.toString.call(watched)).toBe("[object AsyncGenerator]");
  });

  test("goes on where its observer throws", async () => {
    const fail = (): never => {
      throw new Error("telemetry");
    };
    const broken = { began: fail, yielded: fail, ended: fail, failed: fail };
    const values: unknown[] = [];
    for await (const value of observeGenerator(letters(), broken)) values.push(value);
    expect(values).toEqual([undefined, "b"]);
  });
});
