/**
 * Goal: a call that another vendor's instrumentation records is not recorded a second time.
 * Method: Traceloop's and OpenInference's packages for openai below the real LangChain, in a process
 * of its own.
 */
import { expect, test } from "vitest";
import { runApp } from "./child.ts";
import { startOpenAIServer } from "./openai-server.ts";

const OURS = "@spanledger/instrumentation-langchain";

test.each(["@traceloop/instrumentation-openai", "@arizeai/openinference-instrumentation-openai"])(
  "a call below %s is theirs alone",
  async (foreign) => {
    const server = await startOpenAIServer();
    const ended = await runApp("langchain-foreign.cjs", [server.baseUrl, foreign]);
    await server.close();
    expect(ended.stderr).toBe("");
    expect(JSON.parse(ended.stdout)).toEqual([[OURS], [foreign]]);
  },
);
