/**
 * Goal: the API works alone: no SDK, no other package, as ES modules and as CommonJS.
 * Method: the same application as two real processes.
 */
import { expect, test } from "vitest";
import { runApp } from "./child.ts";

test.each(["api-only.mjs", "api-only.cjs"])(
  "%s gets its own results and no output",
  async (app) => {
    const { code, stdout, stderr } = await runApp(app, []);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '["ann","allow","b","q1",1,26,[]]\n',
      stderr: "",
    });
  },
);
