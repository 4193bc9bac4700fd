/**
 * Write the generated files: `npm run -w dashboards generate`.
 *
 * Out: the files under `dashboards/grafana/`, replaced. Side effects: writes there only.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generatedFiles } from "./files.ts";

const GRAFANA_DIR = fileURLToPath(new URL("../grafana", import.meta.url));

for (const [path, text] of generatedFiles()) {
  const file = join(GRAFANA_DIR, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stdout.write(`${path}\n`);
}
