/**
 * The part of Grafana's dashboard model that our dashboards use, and small builders for it.
 *
 * In: titles, queries, field options. Out: plain JSON objects. Pure.
 * Source: Grafana's dashboard JSON model (schema version 41) and, for targets, the query model of
 * the plugin `grafana-clickhouse-datasource`.
 */

/** Id of the ClickHouse data source plugin. */
export const PLUGIN_ID = "grafana-clickhouse-datasource";

/** Version of that plugin against which the queries and the macros in them were written. */
export const PLUGIN_VERSION = "4.20.0";

/** Uid under which the data source is provisioned; every panel names it. */
export const DATASOURCE_UID = "spanledger-clickhouse";

/** Grafana's grid is 24 units wide. */
export const GRID_WIDTH = 24;

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** How the plugin's backend shapes the rows of a query (its `format` numbers). */
const FORMATS = { timeseries: 0, table: 1, trace: 3 } as const;
export type QueryFormat = keyof typeof FORMATS;

/** A panel before the layout gives it an id and a place. */
export interface PanelSpec {
  readonly type: "bargauge" | "stat" | "table" | "timeseries" | "traces";
  readonly title: string;
  /** What question the panel answers; shown behind the "i" of the panel. */
  readonly description: string;
  readonly sql: string;
  readonly format: QueryFormat;
  /** Size on the grid, in its units. */
  readonly width: number;
  readonly height: number;
  readonly defaults?: JsonObject;
  readonly overrides?: readonly JsonObject[];
  readonly options?: JsonObject;
}

/** A titled group of panels. */
export interface RowSpec {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

export const DATASOURCE: JsonObject = { type: PLUGIN_ID, uid: DATASOURCE_UID };

/** Properties set for one field of a panel, by the field's name. */
export function override(field: string, properties: JsonObject): JsonObject {
  return {
    matcher: { id: "byName", options: field },
    properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
  };
}

/** A link on the values of a table's field. */
export function link(title: string, url: string): JsonObject {
  return { links: [{ title, url, targetBlank: false }] };
}

/** A variable of Grafana, written so that it is not mistaken for one of JavaScript's. */
export function variable(name: string, format?: "queryparam" | "singlequote"): string {
  return format === undefined ? `\${${name}}` : `\${${name}:${format}}`;
}

/** One fixed colour for a series or a stat. */
export function fixedColor(color: string): JsonObject {
  return { mode: "fixed", fixedColor: color };
}

/** Place rows and their panels from left to right, a new line when the width is used up. */
export function layOut(rows: readonly RowSpec[]): readonly JsonObject[] {
  const panels: JsonObject[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push(rowPanel(panels.length + 1, row.title, y));
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const spec of row.panels) {
      if (x + spec.width > GRID_WIDTH) {
        y += lineHeight;
        x = 0;
        lineHeight = 0;
      }
      panels.push(panel(panels.length + 1, spec, x, y));
      x += spec.width;
      lineHeight = Math.max(lineHeight, spec.height);
    }
    y += lineHeight;
  }
  return panels;
}

function rowPanel(id: number, title: string, y: number): JsonObject {
  return {
    id,
    type: "row",
    title,
    collapsed: false,
    gridPos: { h: 1, w: GRID_WIDTH, x: 0, y },
    panels: [],
  };
}

function panel(id: number, spec: PanelSpec, x: number, y: number): JsonObject {
  return {
    id,
    type: spec.type,
    title: spec.title,
    description: spec.description,
    datasource: DATASOURCE,
    gridPos: { h: spec.height, w: spec.width, x, y },
    fieldConfig: { defaults: spec.defaults ?? {}, overrides: spec.overrides ?? [] },
    options: spec.options ?? {},
    targets: [
      {
        refId: "A",
        datasource: DATASOURCE,
        editorType: "sql",
        format: FORMATS[spec.format],
        pluginVersion: PLUGIN_VERSION,
        queryType: spec.format === "trace" ? "traces" : spec.format,
        rawSql: spec.sql,
      },
    ],
  };
}
