/**
 * LangGraph's checkpoints in one file, so that another process can resume a run that waits.
 *
 * In: a MemorySaver, or a file that this module wrote. Out: the same, the other way.
 * Side effects: reads and writes that file, readable for its owner alone, because it is the
 * application's own state and holds the leads in clear text. Spanledger never reads it.
 */

import { readFile, writeFile } from "node:fs/promises";
import { MemorySaver } from "@langchain/langgraph";

const BYTES_KEY = "$base64";

/** Write every checkpoint of `saver` to `path`. */
export async function saveCheckpoints(saver: MemorySaver, path: string): Promise<void> {
  const { storage, writes } = saver;
  const text = JSON.stringify({ storage, writes }, (_key, value: unknown) =>
    value instanceof Uint8Array ? { [BYTES_KEY]: Buffer.from(value).toString("base64") } : value,
  );
  await writeFile(path, text, { mode: 0o600 });
}

/** Read what {@link saveCheckpoints} wrote. */
export async function loadCheckpoints(path: string): Promise<MemorySaver> {
  const revive = (_key: string, value: unknown): unknown =>
    typeof value === "object" && value !== null && BYTES_KEY in value
      ? new Uint8Array(Buffer.from(String(value[BYTES_KEY]), "base64"))
      : value;
  const stored = JSON.parse(await readFile(path, "utf8"), revive) as Pick<
    MemorySaver,
    "storage" | "writes"
  >;
  return Object.assign(new MemorySaver(), stored);
}
