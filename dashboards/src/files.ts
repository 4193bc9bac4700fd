/** Every generated file, by its path under `dashboards/grafana/`. Pure; the bytes are stable. */
import { runsDashboard } from "./dashboard.ts";
import { DASHBOARDS_YAML, DATASOURCES_YAML } from "./provisioning.ts";

export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ["dashboards/runs.json", `${JSON.stringify(runsDashboard(), null, 2)}\n`],
    ["provisioning/dashboards/spanledger.yaml", DASHBOARDS_YAML],
    ["provisioning/datasources/spanledger.yaml", DATASOURCES_YAML],
  ]);
}
