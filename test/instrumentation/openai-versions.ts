/**
 * The supported major versions of the openai package, each twice: patched, and as it is without
 * us (the CommonJS build of a package shares nothing with its ES module build).
 */
import { createRequire } from "node:module";
import { OpenAIInstrumentation } from "@spanledger/instrumentation-openai";
import OpenAI7 from "openai";
import { APIPromise as Promise7 } from "openai/api-promise";
import { VERSION as VERSION_7 } from "openai/version";
import OpenAI5 from "openai-5";
import { APIPromise as Promise5 } from "openai-5/api-promise";
import { VERSION as VERSION_5 } from "openai-5/version";
import OpenAI6 from "openai-6";
import { APIPromise as Promise6 } from "openai-6/api-promise";
import { VERSION as VERSION_6 } from "openai-6/version";

/** The client's class; its type is that of the newest version. */
export type OpenAIClass = typeof OpenAI7;

export interface OpenAIVersion {
  readonly version: string;
  /** Patched when {@link patchAll} was called. */
  readonly OpenAI: OpenAIClass;
  /** Never patched. */
  readonly Plain: OpenAIClass;
  /** The class of the promises of the patched one. */
  readonly APIPromise: unknown;
}

const require = createRequire(import.meta.url);

export const OPENAI_VERSIONS_TESTED: readonly OpenAIVersion[] = [
  { name: "openai-5", version: VERSION_5, OpenAI: OpenAI5 as unknown, APIPromise: Promise5 },
  { name: "openai-6", version: VERSION_6, OpenAI: OpenAI6 as unknown, APIPromise: Promise6 },
  { name: "openai", version: VERSION_7, OpenAI: OpenAI7 as unknown, APIPromise: Promise7 },
].map(({ name, version, OpenAI, APIPromise }) => ({
  version,
  OpenAI: OpenAI as OpenAIClass,
  Plain: (require(name) as { OpenAI: OpenAIClass }).OpenAI,
  APIPromise,
}));

/** Patch every version. */
export function patchAll(): void {
  const instrumentation = new OpenAIInstrumentation();
  for (const { OpenAI } of OPENAI_VERSIONS_TESTED) instrumentation.manuallyInstrument({ OpenAI });
}
