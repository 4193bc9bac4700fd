/** Goal: what is said about a library is true. Method: applications in a temporary folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createExporter } from "./exporter.ts";
import { isSupported } from "./installed.ts";
import { patchLibraries } from "./patch.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanledger-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const patch = vi.fn();
const library = {
  name: "openai",
  supported: [">=5.0.0 <8"],
  files: ["client"],
  esm: ".mjs",
  cjs: ".js",
  patch,
};

function install(
  version: string,
  files: Readonly<Record<string, string>> = {},
  place = "node_modules/openai",
): string {
  const all = { "package.json": JSON.stringify({ version }), ...files };
  for (const [name, text] of Object.entries(all)) {
    const path = join(folder, place, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return join(folder, "app.js");
}

/** Load a module of a library, as the application's own imports do. */
async function link(file: string): Promise<unknown> {
  return import(/* @vite-ignore */ pathToFileURL(join(folder, file)).href);
}

describe("a library", () => {
  test("that the application has linked is patched", async () => {
    const app = install("7.1.0", { "client.mjs": "export const OpenAI = 1;" });
    const linked = await link("node_modules/openai/client.mjs");
    expect(patchLibraries([library], "imported", app)).toEqual(["openai 7.1.0: patched"]);
    expect(patch).toHaveBeenLastCalledWith(linked);
  });

  test("that the application has not linked is not loaded, and can be loaded later", async () => {
    const text = "globalThis.evaluated = (globalThis.evaluated ?? 0) + 1; export const OpenAI = 1;";
    const app = install("7.1.0", { "client.mjs": text });
    patch.mockClear();
    const lines = ["openai 7.1.0: patched when it is loaded"];
    expect(patchLibraries([library], "imported", app)).toEqual(lines);
    expect(patch).not.toHaveBeenCalled();
    expect(globalThis).not.toHaveProperty("evaluated");
    const required = createRequire(app)(join(folder, "node_modules/openai/client.mjs"));
    expect(await link("node_modules/openai/client.mjs")).toBe(required);
    expect(Reflect.get(globalThis, "evaluated")).toBe(1);
    Reflect.deleteProperty(globalThis, "evaluated");
  });

  test("whose linked module throws is not patched, with its code", async () => {
    const text = "throw Object.assign(new Error('no'), { code: 'E_OWN' });";
    const app = install("7.1.0", { "client.mjs": text });
    await expect(link("node_modules/openai/client.mjs")).rejects.toThrow("no");
    const lines = ["openai 7.1.0: not patched: E_OWN"];
    expect(patchLibraries([library], "imported", app)).toEqual(lines);
  });

  test("is loaded at once where no hook can see it later", () => {
    const app = install("7.1.0", { "client.mjs": "export const OpenAI = 1;" });
    expect(patchLibraries([library], "unhooked", app)).toEqual(["openai 7.1.0: patched"]);
    expect(patch).toHaveBeenLastCalledWith(expect.objectContaining({ OpenAI: 1 }));
  });

  test("that another package brings along is patched as well, and it is said whose copy it is", async () => {
    install("7.1.0", { "client.mjs": "export const copy = 'own';" });
    install("1.0.0", {}, "node_modules/framework");
    const place = "node_modules/framework/node_modules/openai";
    const app = install("6.0.0", { "client.mjs": "export const copy = 'theirs';" }, place);
    install("1.0.0", {}, "node_modules/other");
    await link("node_modules/openai/client.mjs");
    await link(`${place}/client.mjs`);
    patch.mockClear();
    const brought = { ...library, broughtBy: ["framework", "other", "missing"] };
    expect(patchLibraries([brought], "imported", app)).toEqual([
      "openai 7.1.0: patched",
      "openai 6.0.0 of framework: patched",
    ]);
    expect(patch.mock.calls.map(([exports]) => exports.copy)).toEqual(["own", "theirs"]);
  });

  test("of another version is left alone, and the line says which versions are not", () => {
    const app = install("8.0.0", { "client.mjs": "export const OpenAI = 1;" });
    patch.mockClear();
    expect(patchLibraries([library], "imported", app)).toEqual([
      "openai 8.0.0: not patched, supported: >=5.0.0 <8",
    ]);
    expect(patch).not.toHaveBeenCalled();
  });

  test("that is missing is said to be missing", () => {
    const app = join(folder, "app.js");
    expect(patchLibraries([library], "imported", app)).toEqual([
      `openai: not found from ${app}; patched if it is loaded`,
    ]);
  });

  test("whose files are missing or broken does not stop the start", () => {
    const app = install("7.1.0");
    expect(patchLibraries([library], "imported", app)).toEqual([
      "openai 7.1.0: not patched: MODULE_NOT_FOUND",
    ]);
  });
});

test.each([
  ["5.0.0", true],
  ["7.99.1", true],
  ["8.0.0-beta.1", false],
  ["4.104.0", false],
  ["nonsense", false],
])("version %s is supported: %s", (version, supported) => {
  expect(isSupported(version, [">=5.0.0 <8"])).toBe(supported);
});

test.each([
  ["0.20.0", true],
  ["0.20.1-alpha.1", true],
  ["0.99.3", true],
  ["0.19.9", false],
  ["1.0.0", false],
])("of a range that begins with a minor version, %s is supported: %s", (version, supported) => {
  expect(isSupported(version, [">=0.20.0 <1"])).toBe(supported);
});

test.each([
  [{ OTEL_TRACES_EXPORTER: "none" }, undefined],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" }, "OTLPTraceExporter"],
  [{ OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf" }, "OTLPTraceExporter"],
  [{ OTEL_TRACES_EXPORTER: "console" }, "ConsoleSpanExporter"],
  [{}, "GrpcTraceExporter"],
])("the environment %j asks for the exporter %s", (environment, name) => {
  expect(createExporter(environment)?.constructor.name).toBe(name);
});
