/** What the tests of the deployment need to know of the generated files. */
export { generatedFiles } from "./files.ts";
export { DATASOURCE_UID, PLUGIN_ID, PLUGIN_VERSION } from "./grafana.ts";
export { DASHBOARDS_MOUNT, DATASOURCE_ENV } from "./provisioning.ts";
