/** The parts of the openai package that the instrumentation looks at; its types hide some of them. */
import type { PatchableClass } from "@spanledger/api/internal";

/** The client class with the resources that hang on it. */
export interface OpenAIClass extends PatchableClass {
  readonly Chat?: { readonly Completions?: PatchableClass };
  readonly Responses?: PatchableClass;
  readonly Embeddings?: PatchableClass;
}
