/**
 * Goal: a full disk refuses, loses nothing that was acknowledged, and is taken up again once freed.
 * Method: a tmpfs of 2 MiB, filled by the spool itself and by another file. Needs the right to mount.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digest, encodeTexts, openTestSpool, textsOf } from "./spool.test.helper.ts";

const SIZE = "2m";
let dir = "";
let missing = "";

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "spanledger-full-"));
  const mount = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", dir]);
  if (mount.status !== 0) missing = `mount: ${mount.stderr ?? mount.error}`;
});
afterAll(() => {
  if (missing === "") spawnSync("umount", [dir]);
  rmSync(dir, { recursive: true, force: true });
});

describe("a full disk", () => {
  test("refuses what does not fit, keeps what was acknowledged, and goes on once freed", async ({
    skip,
  }) => {
    if (missing !== "") return skip(missing);
    const open = await openTestSpool(dir);
    const kept: string[] = [];
    let refusal: unknown;
    const text = (index: number): string => `${index}:${"x".repeat(100_000)}`;
    for (let index = 0; index < 30 && refusal === undefined; index += 1) {
      const body = text(index);
      try {
        await open.spool.append(digest(body), encodeTexts([body]));
        kept.push(body);
      } catch (error) {
        refusal = error;
      }
    }
    expect(refusal).toMatchObject({ code: "SPOOL_DISK_FULL", retryable: true });
    expect(kept.length).toBeGreaterThan(10);
    // A second try on the full disk is refused as well, and nothing gathers.
    const more = open.spool.append(digest("more"), encodeTexts([text(99)]));
    await expect(more).rejects.toMatchObject({ retryable: true });

    await open.spool.close();
    expect(open.closed).toHaveLength(1);
    const texts = await Promise.all(open.closed.map(textsOf));
    expect(texts.join("")).toBe(kept.map((body, index) => `${index}=${body};`).join(""));
    await open.closed[0]?.done();
    // Looks at the disk now; by itself it would within a tenth of a second.
    await open.spool.state();
    await open.spool.append(digest("more"), encodeTexts(["more"]));
    await open.stop();
    expect(await textsOf(open.closed[1] as never)).toBe("0=more;");
  });

  test("filled by others is noticed before it is full, and so is its being freed", async ({
    skip,
  }) => {
    if (missing !== "") return skip(missing);
    const open = await openTestSpool(dir, { limits: { diskFreeMinBytes: 1_000_000 } });
    const other = join(dir, "other");
    await writeFile(other, Buffer.alloc(1_500_000));
    await open.spool.state();
    const body = "y".repeat(1_000);
    const refused = open.spool.append(digest("y"), encodeTexts([body]));
    await expect(refused).rejects.toMatchObject({ code: "SPOOL_DISK_FULL" });
    await rm(other);
    await open.spool.state();
    await open.spool.append(digest("y"), encodeTexts([body]));
    await open.stop();
    expect((await open.spool.state()).refusedRequests).toBe(1);
  });
});
