/**
 * Run the application's function inside a context and learn how it ended, without changing what it
 * returns or throws.
 */
import { type Context, context } from "@opentelemetry/api";
import { safely } from "./safely.ts";

/** Told once, when the function ended. */
export interface Observer {
  returned(value: unknown): void;
  threw(error: unknown): void;
}

/**
 * Call `fn` in `active` and tell the observer how it ended.
 *
 * A native promise comes back as a native promise that settles after the observer was told. An
 * instance of a subclass (which may do its work lazily) comes back as itself. Anything else,
 * other thenables included, counts as ended when it is returned.
 */
export function observe<T>(active: Context, fn: () => T, observer: Observer): T {
  let result: T;
  try {
    result = context.with(active, fn);
  } catch (error) {
    safely(() => observer.threw(error));
    throw error;
  }
  if (!(result instanceof Promise)) {
    safely(() => observer.returned(result));
    return result;
  }
  if (result.constructor !== Promise) {
    result.then(
      (value: unknown) => safely(() => observer.returned(value)),
      (error: unknown) => safely(() => observer.threw(error)),
    );
    return result;
  }
  return result.then(
    (value: unknown) => {
      safely(() => observer.returned(value));
      return value;
    },
    (error: unknown) => {
      safely(() => observer.threw(error));
      throw error;
    },
  ) as T;
}
