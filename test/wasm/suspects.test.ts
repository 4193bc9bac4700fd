/**
 * Goal: the WebAssembly that ships is what its source says.
 * Method: a new build, compared with what is checked in.
 */
import { expect, test } from "vitest";
import { buildSuspects } from "../../receiver/assembly/build.ts";
import { SUSPECTS_WASM } from "../../receiver/src/redact/suspects-wasm.ts";

test("the checked-in binary equals a new build", async () => {
  expect(Buffer.from(await buildSuspects()).toString("base64")).toBe(SUSPECTS_WASM);
});
