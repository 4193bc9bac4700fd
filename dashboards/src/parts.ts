/** Parts that several groups of panels share: stats, the run link, coloured results. Pure. */
import { RUN_RESULTS, STEP_RESULTS } from "@spanledger/schema";
import { type JsonObject, link, override, type PanelSpec, variable } from "./grafana.ts";
import { RESULT_COLORS } from "./sql.ts";

/** Uid of the dashboard, part of its address. */
export const DASHBOARD_UID = "spanledger-runs";

/** Part of a link that keeps the choices above the panels and the time. */
const KEEP_SCOPE = ["workspace", "workflow"]
  .map((name) => `&${variable(name, "queryparam")}`)
  .concat(`&${variable("__url_time_range")}`)
  .join("");

const CLICKED = variable("__value.raw");

/** Field "Run" of a table: a click shows that run in the lower part of the dashboard. */
export const RUN_FIELD: JsonObject = override("Run", {
  ...link("Show this run", `/d/${DASHBOARD_UID}?var-run=${CLICKED}&var-trace=${KEEP_SCOPE}`),
  "custom.width": 270,
});

/** Field "Trace" of a table: a click shows that trace of the same run. */
export const TRACE_FIELD: JsonObject = override("Trace", {
  ...link(
    "Show this trace",
    `/d/${DASHBOARD_UID}?var-run=${variable("run")}&var-trace=${CLICKED}${KEEP_SCOPE}`,
  ),
});

const MAPPED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(STEP_RESULTS.map((result) => [result, "text"])),
  retried: "orange",
  ...Object.fromEntries(RUN_RESULTS.map((result) => [result, RESULT_COLORS[result]])),
};

/** Field "Result" of a table, in the colour of its meaning. */
export const RESULT_FIELD: JsonObject = override("Result", {
  "custom.cellOptions": { type: "color-text" },
  "custom.width": 100,
  mappings: [
    {
      type: "value",
      options: Object.fromEntries(
        Object.entries(MAPPED).map(([text, color], index) => [text, { color, index, text }]),
      ),
    },
  ],
});

/** One large number. */
export function stat(
  spec: Pick<PanelSpec, "title" | "description" | "sql" | "defaults">,
): PanelSpec {
  return {
    type: "stat",
    format: "table",
    width: 4,
    height: 4,
    options: {
      colorMode: "value",
      graphMode: "none",
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
    },
    ...spec,
    defaults: { unit: "short", noValue: "none", ...spec.defaults },
  };
}
