/**
 * Queries about the definitions of workflows: which roads there were.
 */
import { VIEWS } from "@spanledger/schema";
import { type AuditQuery, PAGE_ROWS_DEFAULT } from "../types.ts";
import { WHERE, WORKFLOW } from "./parameters.ts";

const DEFINITIONS: AuditQuery = {
  name: "definitions",
  title: "Definitions of workflows",
  description:
    "Each definition that was recorded or that runs name, newest first: when it was used, and its nodes and edges.",
  question: "Which roads did this workflow have, and when did it change?",
  parameters: [WORKFLOW],
  columns: [
    { name: "WorkflowId", kind: "text", label: "Workflow" },
    { name: "Sha256", kind: "id", label: "SHA-256" },
    { name: "Versions", kind: "list" },
    { name: "FirstAt", kind: "time", label: "First seen" },
    { name: "LastAt", kind: "time", label: "Last seen" },
    { name: "Runs", kind: "count" },
    { name: "Intact", kind: "flag" },
    { name: "LastRunId", kind: "id", label: "Last run", tableHidden: true },
    { name: "WorkflowName", kind: "text", tableHidden: true },
    { name: "Definition", kind: "content", tableHidden: true },
  ],
  defaultLimit: PAGE_ROWS_DEFAULT,
  sql: `SELECT WorkflowId, Sha256, Versions, FirstAt, LastAt, Runs, Intact, LastRunId,
    WorkflowName, Definition
FROM ${VIEWS.auditDefinitions}
WHERE ${WHERE.workspace}
    AND ({workflow:String} = '' OR WorkflowId = {workflow:String} OR WorkflowName = {workflow:String})
ORDER BY FirstAt DESC, WorkflowId, Sha256
LIMIT {limit:UInt32}`,
};

/** Queries about definitions. */
export const DEFINITION_QUERIES: readonly AuditQuery[] = [DEFINITIONS];
