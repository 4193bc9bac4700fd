/**
 * Goal: what the READMEs say about an SDK of one's own can be copied. Method: each example as a real
 * process, with the imports that a reader has already.
 */
import { globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runApp } from "./child.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "spanledger-"));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const GIVEN = `
import { BatchSpanProcessor, InMemorySpanExporter } from "@opentelemetry/sdk-trace";
import { NodeSDK } from "@opentelemetry/sdk-node";
const exporter = new InMemorySpanExporter();
const traceExporter = exporter;
const spanProcessors = [new BatchSpanProcessor({ exporter })];
const instrumentations = [];
`;

const EXAMPLES = globSync("instrumentation/*/README.md", { cwd: ROOT }).flatMap((file) => {
  const text = readFileSync(join(ROOT, file), "utf8");
  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code);
  return blocks.filter((code) => code.includes("new NodeSDK(")).map((code) => ({ file, code }));
});

test.each(EXAMPLES)("the SDK of $file starts", async ({ code }) => {
  const app = join(folder, "example.mjs");
  writeFileSync(app, `${GIVEN}${code}`);
  expect(await runApp(app, [])).toMatchObject({ code: 0, stderr: "" });
});

test("most packages have such an example", () => {
  expect(EXAMPLES.length).toBeGreaterThanOrEqual(8);
});
