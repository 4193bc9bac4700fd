/**
 * Packs every public package as it would be published and lets publint judge the tarballs.
 *
 * Prints one line per package; exits 1 when one has an error or a warning.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly workspaces?: readonly string[];
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

const folders = (manifestOf(".").workspaces ?? []).filter((dir) => !manifestOf(dir).private);
const destination = mkdtempSync(join(tmpdir(), "spanledger-pack-"));
let problems = 0;
try {
  for (const folder of folders) {
    const packed = execFileSync(
      "npm",
      ["pack", "--json", "--ignore-scripts", "--pack-destination", destination],
      { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
    );
    const [entry] = JSON.parse(packed) as { filename: string; entryCount: number }[];
    if (entry === undefined) throw new Error(`npm pack printed nothing for ${folder}`);
    const tarball = readFileSync(join(destination, entry.filename));
    const pkg = manifestOf(folder) as unknown as Record<string, unknown>;
    const { messages } = await publint({
      pack: {
        tarball: tarball.buffer.slice(
          tarball.byteOffset,
          tarball.byteOffset + tarball.byteLength,
        ) as ArrayBuffer,
      },
    });
    const serious = messages.filter((message) => message.type !== "suggestion");
    problems += serious.length;
    console.log(`${entry.filename}: ${entry.entryCount} files, ${serious.length} problems`);
    for (const message of serious) console.log(`  ${formatMessage(message, pkg)}`);
  }
} finally {
  rmSync(destination, { recursive: true, force: true });
}
process.exitCode = problems === 0 ? 0 : 1;
