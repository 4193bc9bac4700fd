/**
 * What the one import will do in an application, without running it: for `spanledger doctor --app`.
 *
 * In: the folder of an application. Out: findings, each with what to change. Reads `package.json`
 * files and the application's entry file; loads nothing of the application.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CAPTURE_LEVELS, CAPTURE_VARIABLE } from "@spanledger/api/internal";
import { findCopies, findPackage, isSupported, versionIn } from "./installed.ts";
import { createLibraries, type Library } from "./libraries.ts";

/** How an application stands in one respect. */
export interface Finding {
  readonly check: string;
  /** `absent`: a library that the application does not have. */
  readonly status: "ok" | "attention" | "failed" | "absent";
  readonly detail: string;
  /** What to do about it; empty where there is nothing to do. */
  readonly change: string;
}

type Manifest = {
  readonly type?: string;
  readonly main?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
};

const REGISTER = "@spanledger/register";

/** Tools that put libraries into one file, where no hook sees them. */
const BUNDLERS = [
  "@vercel/ncc",
  "esbuild",
  "next",
  "rolldown",
  "rollup",
  "tsup",
  "vite",
  "webpack",
];

/** Packages that start an SDK of their own. */
const OTHER_SDKS = ["@opentelemetry/sdk-node", "@vercel/otel", "dd-trace", "newrelic"];

type Environment = Readonly<Record<string, string | undefined>>;

/** Look at an application. @param folder absolute path of the folder that has its `package.json` */
export function checkApplication(
  folder: string,
  environment: Environment = process.env,
): readonly Finding[] {
  const manifest = manifestIn(folder);
  if (manifest === undefined) {
    const detail = `no readable package.json in ${folder}`;
    return [{ check: "application", status: "failed", detail, change: "name its folder" }];
  }
  return [
    checkLoading(folder, manifest),
    ...createLibraries(false).libraries.flatMap((library) => checkLibrary(library, folder)),
    ...checkApi(folder),
    ...checkSurroundings(manifest),
    ...checkEnvironment(environment),
  ];
}

function manifestIn(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}

function checkLoading(folder: string, manifest: Manifest): Finding {
  const packageJson = findPackage(REGISTER, join(folder, "index.js"));
  const version = packageJson === undefined ? undefined : versionIn(packageJson);
  const check = `${REGISTER} ${version ?? ""}`.trim();
  const kind = manifest.type === "module" ? "ES modules" : "CommonJS";
  const line = manifest.type === "module" ? `import "${REGISTER}";` : `require("${REGISTER}");`;
  const script = Object.entries(manifest.scripts ?? {}).find(([, text]) =>
    /--(?:import|require|r)[= ]+\S*@?spanledger\/register/.test(text),
  );
  if (script !== undefined) {
    const detail = `${kind}; loaded by the script "${script[0]}", before the application`;
    return { check, status: "ok", detail, change: "" };
  }
  const entry = entryOf(folder, manifest);
  if (entry === undefined) {
    const detail = `${kind}; no script of package.json loads it, and its entry file is unknown`;
    return { check, status: "attention", detail, change: `node --import ${REGISTER} app.js` };
  }
  const loaded = loadedBy(join(folder, entry));
  const at = loaded.indexOf(REGISTER);
  if (at === 0) {
    const detail = `${kind}; the first import of ${entry}`;
    return { check, status: "ok", detail, change: "" };
  }
  const detail =
    at > 0
      ? `${kind}; in ${entry}, but after ${at} other imports, which run first`
      : `${kind}; neither ${entry} nor a script of package.json loads it`;
  const change = `make ${line} the first line of ${entry}, or node --import ${REGISTER} ${entry}`;
  return { check, status: at > 0 ? "attention" : "failed", detail, change };
}

/** The file that `npm start` or the package runs. */
function entryOf(folder: string, { scripts, main }: Manifest): string | undefined {
  const started = /\bnode\b[^&|;]*?\s([\w./@-]+\.[cm]?[jt]s)\b/.exec(scripts?.start ?? "")?.[1];
  const names = [started, main, "index.js", "index.mjs", "index.ts", "src/index.ts", "app.js"];
  return names.find((name) => name !== undefined && existsSync(join(folder, name)));
}

/** What a file loads at its top, in order; types are nothing at run time. */
function loadedBy(file: string): readonly string[] {
  const text = readFileSync(file, "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const loads =
    /^\s*import\s+(?!type\b)(?:[^"';]*?from\s+)?["']([^"']+)["']|\brequire\(\s*["']([^"']+)["']\s*\)/gm;
  return [...text.matchAll(loads)].map(([, imported, required]) => imported ?? required ?? "");
}

function checkLibrary(library: Library, folder: string): readonly Finding[] {
  const copies = findCopies(library, join(folder, "index.js"));
  if (copies.length === 0) {
    return [{ check: library.name, status: "absent", detail: "not installed", change: "" }];
  }
  return copies.map(({ version, broughtBy }) => {
    const range = library.supported.join(", ");
    const whose = broughtBy === undefined ? "" : ` of ${broughtBy}`;
    const check = `${library.name} ${version}${whose}`;
    if (!isSupported(version, library.supported)) {
      const change = `install a version in ${range}, or a newer ${REGISTER}`;
      return { check, status: "attention", detail: `not patched, supported: ${range}`, change };
    }
    return {
      check,
      status: "ok",
      detail: `patched when it is used, supported: ${range}`,
      change: "",
    };
  });
}

/** OpenTelemetry's API gives nothing to a copy of another major, or newer than the one at work. */
function checkApi(folder: string): readonly Finding[] {
  const name = "@opentelemetry/api";
  const theirs = findPackage(name, join(folder, "index.js"));
  const ours = findPackage(name, fileURLToPath(import.meta.url));
  if (theirs === undefined || ours === undefined || theirs === ours) return [];
  const [version = "", own = ""] = [versionIn(theirs), versionIn(ours)];
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [ownMajor = 0, ownMinor = 0] = own.split(".").map(Number);
  const check = `${name} ${version}`;
  if (major === ownMajor && minor <= ownMinor) {
    return [{ check, status: "ok", detail: `works with ${own} of ${REGISTER}`, change: "" }];
  }
  const detail = `sees nothing of ${own}, which ${REGISTER} uses: spans made with it are lost`;
  return [{ check, status: "failed", detail, change: `npm install ${name}@${own}` }];
}

function checkSurroundings({ dependencies, devDependencies }: Manifest): readonly Finding[] {
  const all = { ...dependencies, ...devDependencies };
  const findings: Finding[] = [];
  for (const check of BUNDLERS.filter((name) => name in all)) {
    const detail = "libraries that it puts into a bundle are seen by no hook";
    const change = "mark them as external, or call manuallyInstrument() of each instrumentation";
    findings.push({ check, status: "attention", detail, change });
  }
  for (const check of OTHER_SDKS.filter((name) => name in (dependencies ?? {}))) {
    const detail = "may start an SDK of its own; the first one to start gets the spans";
    const change = "add our instrumentations and RunSpanProcessor to it, without the one import";
    findings.push({ check, status: "attention", detail, change });
  }
  return findings;
}

function checkEnvironment(environment: Environment): readonly Finding[] {
  const findings: Finding[] = [];
  if (environment.OTEL_SDK_DISABLED?.trim().toLowerCase() === "true") {
    const detail = "nothing is recorded";
    findings.push({ check: "OTEL_SDK_DISABLED", status: "attention", detail, change: "unset it" });
  }
  const agents = environment.OPENAI_AGENTS_DISABLE_TRACING?.trim().toLowerCase();
  if (agents === "1" || agents === "true") {
    const check = "OPENAI_AGENTS_DISABLE_TRACING";
    const detail = "of @openai/agents only runs and calls to models are recorded";
    const change = "unset it; setTraceProcessors([]) keeps traces from OpenAI as well";
    findings.push({ check, status: "attention", detail, change });
  }
  const capture = environment[CAPTURE_VARIABLE]?.trim().toLowerCase();
  if (capture && !CAPTURE_LEVELS.some((level) => level === capture)) {
    const detail = "no such level: metadata is used";
    const change = `set it to one of ${CAPTURE_LEVELS.join(", ")}`;
    findings.push({ check: CAPTURE_VARIABLE, status: "attention", detail, change });
  }
  return findings;
}
