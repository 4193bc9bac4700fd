/**
 * Goal: the WebAssembly that ships is what its source says.
 * Method: a new build, compared with what is checked in, by the script that makes it.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("../../.ci/build-wasm.ts", import.meta.url));

test("the checked-in binary equals a new build", async () => {
  const { stderr } = await promisify(execFile)(process.execPath, [SCRIPT, "--check"]);
  expect(stderr).toBe("");
});
