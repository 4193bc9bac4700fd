/**
 * ES modules that the application has linked, and no other.
 *
 * In `import "@spanledger/register"; import OpenAI from "openai";` Node loads and links the whole
 * graph before the first line of this package runs, so an import hook comes too late. But nothing of
 * it has been evaluated yet but us, and `require()` of a linked module evaluates and returns the very
 * instance that the application gets.
 *
 * `require()` of a module that nobody linked would load it for nothing, and some take seconds. So
 * Node is given a text in its place that cannot be compiled: of a linked module it takes the one
 * that it has and never looks at the text; of any other it gives up, and remembers nothing of it.
 */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

/** A text that is no module. */
const UNCOMPILABLE = "}";

/** What V8 says about it. */
const REFUSAL = "Unexpected token '}'";

export type Exports = Readonly<Record<string, unknown>>;

/**
 * The exports of an ES module that is linked or evaluated already.
 *
 * @param file its path, with symbolic links resolved as Node does it
 * @returns undefined where nobody in this process has imported it
 * @throws what the module throws when it is evaluated, as it would have done a moment later
 */
export function requireLinked(load: NodeJS.Require, file: string): Exports | undefined {
  const path = load.resolve(file);
  const url = pathToFileURL(path).href;
  const hooks = registerHooks({
    load(loaded, context, next) {
      if (loaded !== url) return next(loaded, context);
      // Gone before the module is evaluated: what it loads is none of our business.
      hooks.deregister();
      return { format: "module", source: UNCOMPILABLE, shortCircuit: true };
    },
  });
  try {
    return load(path) as Exports;
  } catch (error) {
    if (error instanceof SyntaxError && error.message === REFUSAL) return undefined;
    throw error;
  } finally {
    hooks.deregister();
  }
}
