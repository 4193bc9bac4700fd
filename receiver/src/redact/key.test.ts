/**
 * Goal: the key comes from the environment or from a private file that is made once.
 * Method: real directories.
 */

import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadRedactionKey, RedactError } from "./index.ts";

let dataDir = "";
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "redaction-key-"));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RedactError) return error.code;
    throw error;
  }
  return "none";
}

describe("loadRedactionKey", () => {
  it("makes a private file at the first start and reads it at the next", () => {
    const key = loadRedactionKey({ dataDir });
    expect(key).toHaveLength(32);
    expect(statSync(join(dataDir, "keys", "redaction.key")).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(dataDir, "keys"))).toEqual(["redaction.key"]);
    expect(loadRedactionKey({ dataDir, env: {} })).toEqual(key);
  });

  it("reads base64 and hex from the environment and then touches no disk", () => {
    const bytes = Buffer.alloc(32, 9);
    for (const encoding of ["base64", "base64url", "hex"] as const) {
      const env = { SPANLEDGER_REDACTION_KEY: bytes.toString(encoding) };
      expect(loadRedactionKey({ dataDir, env })).toEqual(new Uint8Array(bytes));
    }
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it.each([
    Buffer.alloc(31, 9).toString("hex"),
    Buffer.alloc(31, 9).toString("base64"),
    "not a key!",
  ])("refuses the key %s from the environment without repeating it", (written) => {
    const load = () => loadRedactionKey({ dataDir, env: { SPANLEDGER_REDACTION_KEY: written } });
    expect(codeOf(load)).toBe("REDACT_KEY_INVALID");
    expect(load).not.toThrow(written);
  });

  it("refuses a damaged file instead of making a new key", () => {
    mkdirSync(join(dataDir, "keys"));
    writeFileSync(join(dataDir, "keys", "redaction.key"), "");
    expect(codeOf(() => loadRedactionKey({ dataDir }))).toBe("REDACT_KEY_INVALID");
  });

  it("says so when the file cannot be had", () => {
    const file = join(dataDir, "plain");
    writeFileSync(file, "");
    chmodSync(file, 0o400);
    expect(codeOf(() => loadRedactionKey({ dataDir: file }))).toBe("REDACT_KEY_UNREADABLE");
  });
});
