// The same workflow as plain code.
import "@spanledger/register";
import { approval, decide, step, workflow } from "@spanledger/api";
import { ANSWER, classify, isHigh, isLow, lookup, REQUESTS, refund, say } from "./parity-parts.mjs";

const FACTS = { id: "refund", name: "refund" };

/** The roads that Mastra exports for the same workflow. */
const definition = {
  nodes: {
    __start__: "START",
    classify: "ACTION",
    lookup: "ACTION",
    reject: "ACTION",
    approve: "APPROVAL",
    refund: "ACTION",
    __end__: "END",
  },
  edges: [
    { from: "__start__", to: "classify" },
    { from: "classify", to: "lookup", condition: "async ({ inputData }) => isHigh(inputData)" },
    { from: "classify", to: "reject", condition: "async ({ inputData }) => isLow(inputData)" },
    { from: "classify", to: "approve", default: true },
    { from: "lookup", to: "approve" },
    { from: "reject", to: "approve" },
    { from: "approve", to: "refund" },
    { from: "refund", to: "__end__" },
  ],
};

async function withRetry(name, attempts, fn) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step(name, { attempt }, async (handle) => {
        try {
          return await fn();
        } catch (error) {
          if (attempt < attempts) handle.setResult("retried");
          throw error;
        }
      });
    } catch (error) {
      if (attempt >= attempts) throw error;
    }
  }
}

const toLabel = ["lookup", "reject"];
const branch = {
  id: "by_label",
  type: "conditional_edge",
  options: toLabel,
  sourceStep: "classify",
};

for (const request of REQUESTS) {
  let waiting;
  try {
    waiting = await workflow({ ...FACTS, definition }, async (run) => {
      const classified = await step("classify", () => classify(request));
      const way = decide("by_label", branch, () => {
        const high = isHigh(classified);
        return high || !isLow(classified) ? "lookup" : "reject";
      });
      const found = way === "lookup" ? await withRetry("lookup", 2, () => lookup(classified)) : {};
      const id = step("approve", () => approval.request());
      return { runId: run.runId, id, found };
    });
  } catch (error) {
    say(`failed ${error.name}`);
    continue;
  }
  say("suspended");
  const { runId, id, found } = waiting;
  const result = await workflow({ ...FACTS, definition, runId }, async () => {
    const answered = await step("approve", async () => {
      const { approver, comment } = ANSWER;
      approval.resolve({ id, outcome: "approved", approver, comment });
      return found;
    });
    return step("refund", () => refund(answered));
  });
  say(`success ${JSON.stringify(result)}`);
}
