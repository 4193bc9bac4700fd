/** Goal: what is said about an application is true of it. Method: applications in a temporary folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkApplication, type Finding } from "./check.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanledger-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | object): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
}

function find(check: string, environment = {}): Finding | undefined {
  const findings = checkApplication(folder, environment);
  return findings.find((one) => one.check === check || one.check.startsWith(`${check} `));
}

const REGISTER = "@spanledger/register";

describe("how it is loaded", () => {
  test.each([
    [{ scripts: { start: `node --import ${REGISTER} app.mjs` } }, "", "ok", ""],
    [{ scripts: { dev: `node -r ts --require=${REGISTER} a.js` } }, "", "ok", ""],
    [{ main: "app.mjs", type: "module" }, `import "${REGISTER}";\nimport "openai";`, "ok", ""],
    [{ main: "app.mjs" }, `"use strict";\nrequire("${REGISTER}");`, "ok", ""],
    [{ main: "app.mjs" }, `// Begin\nimport type { A } from "a";\nimport "${REGISTER}";`, "ok", ""],
    [
      { scripts: { start: "NODE_ENV=a node app.mjs" }, type: "module" },
      `import OpenAI from "openai";\nimport "${REGISTER}";`,
      "attention",
      `make import "${REGISTER}"; the first line of app.mjs, or node --import ${REGISTER} app.mjs`,
    ],
    [
      { main: "app.mjs" },
      "console.log(1);",
      "failed",
      `make require("${REGISTER}"); the first line of app.mjs, or node --import ${REGISTER} app.mjs`,
    ],
    [{}, undefined, "attention", `node --import ${REGISTER} app.js`],
  ])("%j with %j is %s", (manifest, text, status, change) => {
    write("package.json", manifest);
    if (text !== undefined) write("app.mjs", text);
    expect(find(REGISTER)).toMatchObject({ status, change });
  });
});

describe("a library", () => {
  test("that is supported is ok, another version is not, a missing one is absent", () => {
    write("package.json", {});
    write("node_modules/openai/package.json", { version: "7.1.0" });
    write("node_modules/ai/package.json", { version: "4.0.0" });
    write("node_modules/@langchain/openai/package.json", { version: "1.0.0" });
    write("node_modules/@langchain/openai/node_modules/openai/package.json", { version: "4.1.0" });
    expect(find("openai 7.1.0")).toMatchObject({ status: "ok", change: "" });
    expect(find("openai 4.1.0 of @langchain/openai")?.status).toBe("attention");
    expect(find("ai 4.0.0")).toEqual({
      check: "ai 4.0.0",
      status: "attention",
      detail: "not patched, supported: >=6.0.111 <8",
      change: "install a version in >=6.0.111 <8, or a newer @spanledger/register",
    });
    expect(find("bullmq")?.status).toBe("absent");
  });

  test.each([
    ["0.50.1", "ok"],
    ["0.50.0", "attention"],
    ["1.14.0-beta.1", "ok"],
    ["2.0.0", "attention"],
  ])("of version %s is %s where 0.50.1 to 1 are supported", (version, status) => {
    write("package.json", {});
    write("node_modules/@anthropic-ai/sdk/package.json", { version });
    expect(find(`@anthropic-ai/sdk ${version}`)?.status).toBe(status);
  });

  test("that a client of another platform brings along is found", () => {
    const sdk = "node_modules/@anthropic-ai/bedrock-sdk";
    write("package.json", {});
    write(`${sdk}/package.json`, { version: "1.1.3" });
    write(`${sdk}/node_modules/@anthropic-ai/sdk/package.json`, { version: "1.14.0" });
    expect(find("@anthropic-ai/sdk 1.14.0 of @anthropic-ai/bedrock-sdk")?.status).toBe("ok");
  });
});

describe("OpenTelemetry's API", () => {
  test.each([
    ["1.4.0", "ok"],
    ["1.999.0", "failed"],
    ["2.0.0", "failed"],
  ])("%s of the application is %s", (version, status) => {
    write("package.json", {});
    write("node_modules/@opentelemetry/api/package.json", { version });
    expect(find("@opentelemetry/api")?.status).toBe(status);
  });
});

test("bundlers, other SDKs and the environment are named", () => {
  write("package.json", { dependencies: { "dd-trace": "5" }, devDependencies: { esbuild: "1" } });
  expect(find("esbuild")?.status).toBe("attention");
  expect(find("dd-trace")?.status).toBe("attention");
  expect(find("OTEL_SDK_DISABLED", { OTEL_SDK_DISABLED: "true" })?.status).toBe("attention");
  const agents = "OPENAI_AGENTS_DISABLE_TRACING";
  expect(find(agents, { [agents]: "1" })?.status).toBe("attention");
  expect(find(agents, { [agents]: "0" })).toBeUndefined();
  expect(find("SPANLEDGER_CAPTURE", { SPANLEDGER_CAPTURE: "some" })?.status).toBe("attention");
  expect(find("SPANLEDGER_CAPTURE", { SPANLEDGER_CAPTURE: "none" })).toBeUndefined();
});

test("a folder without a package.json is no application", () => {
  expect(checkApplication(folder)).toEqual([
    {
      check: "application",
      status: "failed",
      detail: `no readable package.json in ${folder}`,
      change: "name its folder",
    },
  ]);
});
