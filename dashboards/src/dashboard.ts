/** The dashboard: its variables and its groups of panels, as Grafana's JSON model. Pure. */
import { VIEWS } from "@spanledger/schema";
import { BRANCHES, STEPS_AND_MODELS } from "./behaviour.ts";
import { DATASOURCE, type JsonObject, layOut, variable } from "./grafana.ts";
import { ONE_RUN } from "./one-run.ts";
import { OVERVIEW } from "./overview.ts";
import { DASHBOARD_UID } from "./parts.ts";

/** Version of Grafana's dashboard model; newer Grafanas migrate it when they load it. */
const SCHEMA_VERSION = 41;

function queryVariable(name: string, label: string, sql: string): JsonObject {
  return {
    type: "query",
    name,
    label,
    datasource: DATASOURCE,
    definition: sql,
    query: { refId: name, editorType: "sql", rawSql: sql },
    current: { text: ["All"], value: ["$__all"] },
    includeAll: true,
    multi: true,
    options: [],
    // 2: again whenever the time range changes, because the queries are limited by it.
    refresh: 2,
    regex: "",
    sort: 1,
    hide: 0,
    skipUrlSync: false,
  };
}

function textVariable(name: string, label: string, description: string, hide: 0 | 2): JsonObject {
  return {
    type: "textbox",
    name,
    label,
    description,
    current: { text: "", value: "" },
    options: [{ selected: true, text: "", value: "" }],
    query: "",
    hide,
    skipUrlSync: false,
  };
}

const VARIABLES: readonly JsonObject[] = [
  queryVariable(
    "workspace",
    "Workspace",
    `SELECT DISTINCT WorkspaceId FROM ${VIEWS.auditRuns} WHERE $__timeFilter(StartedAt) ORDER BY WorkspaceId`,
  ),
  queryVariable(
    "workflow",
    "Workflow",
    `SELECT DISTINCT WorkflowId FROM ${VIEWS.auditRuns} WHERE $__timeFilter(StartedAt) AND $__conditionalAll(WorkspaceId IN (${variable("workspace", "singlequote")}), $workspace) ORDER BY WorkflowId`,
  ),
  textVariable("run", "Run id", "A run id; empty shows the latest run of the chosen time.", 0),
  textVariable("trace", "Trace id", "Set by a click on a trace in the timeline.", 2),
];

/** The one dashboard of the product so far: runs, failures, branches, one run, tokens. */
export function runsDashboard(): JsonObject {
  return {
    uid: DASHBOARD_UID,
    title: "Spanledger: workflow runs",
    description: "How AI workflow runs went, which way they took, and what one of them did.",
    tags: ["spanledger"],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: false,
    graphTooltip: 1,
    refresh: "1m",
    time: { from: "now-6h", to: "now" },
    timezone: "browser",
    annotations: { list: [] },
    links: [],
    templating: { list: VARIABLES },
    panels: layOut([
      { title: "Runs", panels: OVERVIEW },
      { title: "Branches", panels: BRANCHES },
      { title: "Steps, models, errors", panels: STEPS_AND_MODELS },
      { title: "One run", panels: ONE_RUN },
    ]),
  };
}
