/**
 * Goal: what is checked in under `dashboards/grafana/` is exactly what the sources generate.
 * Method: compare bytes and the list of files; read the model itself for the layout's rules.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { generatedFiles } from "./files.ts";
import { GRID_WIDTH, layOut, type PanelSpec } from "./grafana.ts";

const GRAFANA_DIR = fileURLToPath(new URL("../grafana", import.meta.url));

test("the checked-in files are those that the sources generate, byte for byte", () => {
  const onDisk = readdirSync(GRAFANA_DIR, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const files = generatedFiles();
  expect(onDisk).toEqual([...files.keys()].map((path) => join(GRAFANA_DIR, path)).toSorted());
  for (const [path, text] of files) {
    expect(readFileSync(join(GRAFANA_DIR, path), "utf8"), path).toBe(text);
  }
});

test("generating twice yields the same bytes", () => {
  expect(generatedFiles()).toEqual(generatedFiles());
});

test("a panel that does not fit on a line starts the next one, below the tallest", () => {
  const panel = (width: number, height: number): PanelSpec => ({
    type: "table",
    title: "t",
    description: "d",
    sql: "SELECT 1",
    format: "table",
    width,
    height,
  });
  const row = { title: "r", panels: [panel(12, 3), panel(12, 5), panel(GRID_WIDTH, 2)] };
  expect(layOut([row, { title: "s", panels: [] }]).map((placed) => placed.gridPos)).toEqual([
    { h: 1, w: 24, x: 0, y: 0 },
    { h: 3, w: 12, x: 0, y: 1 },
    { h: 5, w: 12, x: 12, y: 1 },
    { h: 2, w: 24, x: 0, y: 6 },
    { h: 1, w: 24, x: 0, y: 8 },
  ]);
});
