/** Goal: what is said about a library is true. Method: applications in a temporary folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createExporter } from "./exporter.ts";
import { isSupported, patchLibraries } from "./libraries.ts";

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

describe("a library", () => {
  test("that is installed and supported is patched", () => {
    const app = install("7.1.0", { "client.mjs": "export const OpenAI = 1;" });
    expect(patchLibraries([library], "imported", app)).toEqual(["openai 7.1.0: patched"]);
    expect(patch).toHaveBeenLastCalledWith(expect.objectContaining({ OpenAI: 1 }));
  });

  test("that another package brings along is patched as well, and it is said whose copy it is", () => {
    install("7.1.0", { "client.mjs": "export const copy = 'own';" });
    install("1.0.0", {}, "node_modules/framework");
    const place = "node_modules/framework/node_modules/openai";
    const app = install("6.0.0", { "client.mjs": "export const copy = 'theirs';" }, place);
    install("1.0.0", {}, "node_modules/other");
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
  [{ OTEL_TRACES_EXPORTER: "none" }, undefined],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" }, "OTLPTraceExporter"],
  [{ OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf" }, "OTLPTraceExporter"],
  [{ OTEL_TRACES_EXPORTER: "console" }, "ConsoleSpanExporter"],
  [{}, "OTLPTraceExporter"],
])("the environment %j asks for the exporter %s", (environment, name) => {
  expect(createExporter(environment)?.constructor.name).toBe(name);
});
