/**
 * The libraries that are patched: which version the application has, whether it is supported, and
 * patching of what is loaded already.
 *
 * In: where the application lies. Out: one line per library. Side effect: prototypes are patched.
 *
 * Why not import hooks alone: in `import "@spanledger/register"; import OpenAI from "openai";` the
 * whole graph is loaded and linked before the first line of this package runs, so a hook comes too
 * late. But nothing of it has been evaluated yet but us, and `require()` of a linked ES module
 * evaluates and returns the very instance that the application gets. Patching a class's prototype
 * there is enough, whenever it happens.
 */
import { readFileSync } from "node:fs";
import { createRequire, findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { InstrumentationBase } from "@opentelemetry/instrumentation";
import { AI_SDK_VERSIONS, AiSdkInstrumentation } from "@spanledger/instrumentation-ai-sdk";
import {
  ANTHROPIC_VERSIONS,
  AnthropicInstrumentation,
} from "@spanledger/instrumentation-anthropic";
import { BULLMQ_VERSIONS, BullMQInstrumentation } from "@spanledger/instrumentation-bullmq";
import { HttpInstrumentation } from "@spanledger/instrumentation-http";
import {
  LANGCHAIN_CORE_VERSIONS,
  LangChainInstrumentation,
} from "@spanledger/instrumentation-langchain";
import {
  LANGGRAPH_VERSIONS,
  LangGraphInstrumentation,
} from "@spanledger/instrumentation-langgraph";
import { MASTRA_VERSIONS, MastraInstrumentation } from "@spanledger/instrumentation-mastra";
import { MCP_VERSIONS, McpInstrumentation } from "@spanledger/instrumentation-mcp";
import { OPENAI_VERSIONS, OpenAIInstrumentation } from "@spanledger/instrumentation-openai";

/** How this package came into the process; decides what has to be patched at once. */
export type Arrival =
  /** `import "@spanledger/register"` in the application: its libraries may be linked already. */
  | "imported"
  /** `require()` or `--require`: what is loaded later goes through the hooks. */
  | "required"
  /** `node --import @spanledger/register`: nothing of the application is loaded yet. */
  | "preloaded";

/** One library and how it is patched. */
interface Library {
  readonly name: string;
  readonly supported: readonly string[];
  /** The files that define what is patched, without their endings; none where nothing has to be. */
  readonly files: readonly string[];
  readonly esm: string;
  readonly cjs: string;
  /** Packages that may bring a copy of their own, which the application uses through them. */
  readonly broughtBy?: readonly string[];
  patch(exports: Readonly<Record<string, unknown>>): void;
}

/** Packages that have LangChain core as a dependency, and so perhaps a copy of their own. */
const LANGCHAIN_PACKAGES = [
  "langchain",
  "@langchain/langgraph",
  "@langchain/openai",
  "@langchain/anthropic",
  "@langchain/aws",
  "@langchain/google-genai",
  "@langchain/mistralai",
  "@langchain/ollama",
];

/** The instrumentations and the libraries that they patch. */
export interface Libraries {
  readonly instrumentations: readonly InstrumentationBase[];
  readonly libraries: readonly Library[];
}

export function createLibraries(): Libraries {
  const aiSdk = new AiSdkInstrumentation();
  const anthropic = new AnthropicInstrumentation();
  const bullmq = new BullMQInstrumentation();
  const mastra = new MastraInstrumentation();
  const mcp = new McpInstrumentation();
  const openai = new OpenAIInstrumentation();
  const langgraph = new LangGraphInstrumentation();
  const langchain = new LangChainInstrumentation();
  return {
    instrumentations: [
      langgraph,
      langchain,
      openai,
      anthropic,
      mcp,
      mastra,
      aiSdk,
      bullmq,
      new HttpInstrumentation(),
    ],
    libraries: [
      {
        name: "@langchain/langgraph",
        supported: LANGGRAPH_VERSIONS,
        files: ["dist/pregel/index"],
        esm: ".js",
        cjs: ".cjs",
        broughtBy: ["langchain"],
        patch: (exports) => langgraph.manuallyInstrument(exports),
      },
      {
        name: "@langchain/core",
        supported: LANGCHAIN_CORE_VERSIONS,
        files: [
          "dist/tools/index",
          "dist/language_models/chat_models",
          "dist/runnables/base",
          "dist/runnables/branch",
        ],
        esm: ".js",
        cjs: ".cjs",
        broughtBy: LANGCHAIN_PACKAGES,
        patch: (exports) => langchain.manuallyInstrument(exports),
      },
      {
        name: "openai",
        supported: OPENAI_VERSIONS,
        files: ["client"],
        esm: ".mjs",
        cjs: ".js",
        broughtBy: ["@langchain/openai"],
        patch: (exports) => openai.manuallyInstrument(exports),
      },
      {
        name: "@anthropic-ai/sdk",
        supported: ANTHROPIC_VERSIONS,
        files: ["client"],
        esm: ".mjs",
        cjs: ".js",
        broughtBy: ["@langchain/anthropic"],
        patch: (exports) => anthropic.manuallyInstrument(exports),
      },
      {
        name: "ai",
        supported: AI_SDK_VERSIONS,
        files: [],
        esm: ".mjs",
        cjs: ".js",
        patch: () => aiSdk.manuallyInstrument(),
      },
      {
        name: "@mastra/core",
        supported: MASTRA_VERSIONS,
        files: ["dist/workflows/index", "dist/agent/index", "dist/llm/index"],
        esm: ".js",
        cjs: ".cjs",
        patch: (exports) => mastra.manuallyInstrument(exports),
      },
      {
        name: "@modelcontextprotocol/sdk",
        supported: MCP_VERSIONS,
        files: ["dist/"],
        esm: "esm/client/index.js",
        cjs: "cjs/client/index.js",
        patch: (exports) => mcp.manuallyInstrument(exports),
      },
      {
        name: "bullmq",
        supported: BULLMQ_VERSIONS,
        files: ["dist/cjs/index"],
        // `import` gets the CommonJS files as well: the package has no `exports`.
        esm: ".js",
        cjs: ".js",
        patch: (exports) => bullmq.manuallyInstrument(exports),
      },
    ],
  };
}

/** Files that the ES module hook has to see; everything else is left alone. */
export const HOOKED_FILES: readonly RegExp[] = [
  /\/node_modules\/@langchain\/langgraph\/dist\/pregel\/index\.c?js$/,
  /\/node_modules\/@langchain\/core\/dist\/tools\/index\.c?js$/,
  /\/node_modules\/@langchain\/core\/dist\/language_models\/chat_models\.c?js$/,
  /\/node_modules\/@langchain\/core\/dist\/runnables\/(?:base|branch)\.c?js$/,
  /\/node_modules\/openai\/client\.m?js$/,
  /\/node_modules\/@anthropic-ai\/sdk\/client\.m?js$/,
  /\/node_modules\/@mastra\/core\/dist\/(?:workflows|agent|llm)\/index\.c?js$/,
  /\/node_modules\/@modelcontextprotocol\/sdk\/dist\/(?:esm|cjs)\/client\/index\.js$/,
  /\/node_modules\/bullmq\/dist\/cjs\/index\.js$/,
];

/** Patch what is loaded, or linked, already. @returns what to say about each library */
export function patchLibraries(
  libraries: readonly Library[],
  arrival: Arrival,
  application: string,
): readonly string[] {
  return libraries.flatMap((library) => {
    const copies = findCopies(library, application);
    if (copies.length === 0) {
      return [`${library.name}: not found from ${application}; patched if it is loaded`];
    }
    return copies.map((copy) => patchCopy(library, arrival, copy));
  });
}

function patchCopy(library: Library, arrival: Arrival, copy: Installed): string {
  const { version, packageJson, broughtBy } = copy;
  const whose = broughtBy === undefined ? "" : ` of ${broughtBy}`;
  const named = `${library.name} ${version}${whose}`;
  if (!isSupported(version, library.supported)) {
    return `${named}: not patched, supported: ${library.supported.join(", ")}`;
  }
  try {
    const now = patchLoaded(library, arrival, packageJson);
    return `${named}: ${now ? "patched" : "patched when it is loaded"}`;
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
    const reason = String(code ?? "its files could not be loaded");
    return `${named}: not patched: ${reason}`;
  }
}

interface Installed {
  readonly packageJson: string;
  readonly version: string;
  /** The package through which the application gets this copy; undefined where it has it itself. */
  readonly broughtBy: string | undefined;
}

/** The copy that the application gets, then the other ones that its packages bring along. */
function findCopies(library: Library, application: string): readonly Installed[] {
  const copies = new Map<string, Installed>();
  for (const broughtBy of [undefined, ...(library.broughtBy ?? [])]) {
    const from = broughtBy === undefined ? application : findPackage(broughtBy, application);
    const packageJson = from === undefined ? undefined : findPackage(library.name, from);
    const version = packageJson === undefined ? undefined : versionIn(packageJson);
    if (packageJson === undefined || version === undefined || copies.has(packageJson)) continue;
    copies.set(packageJson, { packageJson, version, broughtBy });
  }
  return [...copies.values()];
}

/** @returns the path of the `package.json` that a file gets, if any */
function findPackage(name: string, from: string): string | undefined {
  try {
    return findPackageJSON(name, pathToFileURL(from));
  } catch {
    return undefined;
  }
}

function versionIn(packageJson: string): string | undefined {
  try {
    const { version } = JSON.parse(readFileSync(packageJson, "utf8")) as { version: unknown };
    return String(version);
  } catch {
    return undefined;
  }
}

/** @returns whether there was something to patch by now */
function patchLoaded(library: Library, arrival: Arrival, packageJson: string): boolean {
  const load = createRequire(packageJson);
  const patched = library.files.map((file) => {
    const base = join(dirname(packageJson), file);
    const loadedCjs = load.cache[`${base}${library.cjs}`];
    if (loadedCjs?.loaded === true) library.patch(loadedCjs.exports);
    if (arrival === "imported") library.patch(load(`${base}${library.esm}`));
    return arrival === "imported" || loadedCjs?.loaded === true;
  });
  return patched.length === 0 || patched.some(Boolean);
}

/** Ranges of the form `>=A.B.C <D`; prereleases of a supported version count as that version. */
export function isSupported(version: string, ranges: readonly string[]): boolean {
  const major = Number.parseInt(version, 10);
  return ranges.some((range) => {
    const match = /^>=(\d+)\S* <(\d+)/.exec(range);
    return match !== null && major >= Number(match[1]) && major < Number(match[2]);
  });
}
