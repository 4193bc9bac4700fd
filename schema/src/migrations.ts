/**
 * The migrations as they lie in `migrations/`: reading, ordering and checksums.
 *
 * In: the folder. Out: the list in order. Reads files; runs nothing.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One migration file. */
export interface Migration {
  /** Its number, from 1, without holes. */
  readonly number: number;
  /** File name without the ending: `0001_spans`. */
  readonly name: string;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
  /** Statements, separated in the file by a line that ends in `;`. */
  readonly statements: readonly string[];
}

/** The folder that ships with this package. */
export const MIGRATIONS_DIR: string = fileURLToPath(new URL("../migrations", import.meta.url));

const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

/**
 * Read a folder of migrations.
 *
 * @throws {Error} when a file has another name than `NNNN_words.sql`, or a number is missing or twice
 */
export function readMigrations(dir: string = MIGRATIONS_DIR): readonly Migration[] {
  return readdirSync(dir)
    .toSorted()
    .map((file, index) => {
      const match = FILE_NAME.exec(file);
      if (match === null) throw new Error(`${file}: a migration is named NNNN_words.sql`);
      const number = Number(match[1]);
      if (number !== index + 1) {
        throw new Error(`${file}: expected number ${String(index + 1).padStart(4, "0")}`);
      }
      const text = readFileSync(join(dir, file), "utf8");
      return {
        number,
        name: file.slice(0, -".sql".length),
        sha256: createHash("sha256").update(text).digest("hex"),
        statements: splitStatements(text),
      };
    });
}

function splitStatements(text: string): readonly string[] {
  return text
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.replaceAll(/^--.*$/gm, "").trim())
    .filter((statement) => statement !== "");
}
