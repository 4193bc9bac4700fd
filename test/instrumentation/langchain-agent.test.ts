/**
 * Goal: an agent of LangChain, which runs on a LangGraph of its own, yields runs, steps, decisions,
 * approvals, tools and one chat span for each call. Method: the agent as ES module and as CommonJS in
 * real processes, with the one import and without it.
 */
import { WORKFLOW } from "@spanledger/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runApp } from "./child.ts";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { type OtlpServer, receivedTree, startOtlpServer } from "./otlp-server.ts";

/** The step in which LangChain's middleware asks. */
const ASKING = "HumanInTheLoopMiddleware.after_model";

let openai: OpenAIServer;
let otlp: OtlpServer;

beforeAll(async () => {
  openai = await startOpenAIServer();
  otlp = await startOtlpServer();
});
afterAll(async () => {
  await openai.close();
  await otlp.close();
});

const run = (app: string, environment = {}) =>
  runApp(app, [openai.baseUrl], {
    environment: {
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint,
      ...environment,
    },
  });

describe.each(["agent-esm.mjs", "agent-cjs.cjs"])("%s", (app) => {
  test("is recorded step by step, and says what it says without us", async () => {
    const recorded = await run(app);
    expect(recorded.code).toBe(0);
    const spans = otlp.take();
    expect(receivedTree(spans)).toEqual([
      "invoke_workflow desk",
      "  run_step model_request",
      "    chat gpt-x",
      `  run_step ${ASKING}`,
      "invoke_workflow desk",
      `  run_step ${ASKING}`,
      `    resolve_approval ${ASKING}`,
      "  evaluate_branch condition",
      "  run_step tools",
      "    execute_tool lookup",
      "  run_step model_request",
      "    chat gpt-x",
      `  run_step ${ASKING}`,
      "  evaluate_branch condition",
    ]);
    const attributes = (name: string) =>
      spans.filter((span) => span.name === name).map((span) => span.attributes);
    expect(attributes("invoke_workflow desk").map((one) => one[WORKFLOW.runResult])).toEqual([
      "paused",
      "success",
    ]);
    expect(new Set(spans.flatMap((span) => span.attributes[WORKFLOW.runId] ?? [])).size).toBe(1);
    expect(attributes(`resolve_approval ${ASKING}`)).toMatchObject([
      { [WORKFLOW.approvalOutcome]: "approved" },
    ]);
    const plain = await run(app, { OTEL_SDK_DISABLED: "true" });
    expect(recorded.stdout).toBe(plain.stdout);
    expect(otlp.take()).toEqual([]);
  });
});
