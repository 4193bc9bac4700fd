/**
 * The methods of an SDK that are patched: `create` of its resources and `retryRequest` of its
 * client.
 *
 * In: the original method. Out: one that behaves the same and records.
 */
import { context } from "@opentelemetry/api";
import { safely } from "../safely.ts";
import { activeModelCall, type ModelCall } from "./call.ts";
import type { ApiPromise } from "./wire.ts";

export type PatchableMethod = (this: unknown, ...args: unknown[]) => unknown;

/** Begin a call; undefined where none is recorded. */
export type BeginCall = (resource: unknown, body: unknown) => ModelCall | undefined;

/** Wrap `create`: its request is made inside the call's context, its promise is watched. */
export function wrapCreate(begin: BeginCall): (original: PatchableMethod) => PatchableMethod {
  return (original) =>
    function createAndRecord(this: unknown, ...args: unknown[]) {
      const run = (): unknown => Reflect.apply(original, this, args);
      const call = safely(() => begin(this, args[0]));
      if (call === undefined) return run();
      let promise: unknown;
      try {
        promise = context.with(call.active, run);
      } catch (error) {
        call.failed(error);
        throw error;
      }
      return safely(() => call.observe(promise as ApiPromise)) ?? promise;
    };
}

/** Wrap `retryRequest`: the call that is under way counts it. */
export function countResends(original: PatchableMethod): PatchableMethod {
  return function countResend(this: unknown, ...args: unknown[]) {
    safely(() => activeModelCall()?.resent());
    return Reflect.apply(original, this, args);
  };
}
