/** The parts of `@anthropic-ai/sdk` that the instrumentation looks at. */
import type { PatchableClass } from "@spanledger/api/internal";

/** The client class with the resources that hang on it. */
export interface AnthropicClass extends PatchableClass {
  readonly Messages?: PatchableClass;
  readonly Beta?: { readonly Messages?: PatchableClass };
}
