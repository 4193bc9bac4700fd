/**
 * The application under test: a refund flow with an OpenAI call, a conditional edge, a retry, a
 * tool, an interrupt and a Command.goto. It knows nothing of Spanledger. The libraries come in as
 * arguments, so that the same code runs as ES module and as CommonJS.
 *
 * Arguments: `start` or `resume`, the checkpoint file, the address of the model provider.
 */
"use strict";
const { existsSync, readFileSync, writeFileSync } = require("node:fs");

/** LangGraph's memory saver, kept in a file between two processes. */
function openSaver(MemorySaver, path) {
  const saver = new MemorySaver();
  if (existsSync(path)) {
    const read = (_, value) =>
      typeof value?.base64 === "string"
        ? new Uint8Array(Buffer.from(value.base64, "base64"))
        : value;
    Object.assign(saver, JSON.parse(readFileSync(path, "utf8"), read));
  }
  const write = (_, value) =>
    value instanceof Uint8Array ? { base64: Buffer.from(value).toString("base64") } : value;
  const save = () => {
    const { storage, writes } = saver;
    writeFileSync(path, JSON.stringify({ storage, writes }, write));
  };
  return { saver, save };
}

function build({ langgraph, tool, z, OpenAI }, saver, baseURL) {
  const { Annotation, Command, END, interrupt, START, StateGraph } = langgraph;
  const client = new OpenAI({ apiKey: "unused", baseURL });
  const declare = (name) =>
    tool(async ({ id }) => `${name} ${id}`, {
      name,
      description: name,
      schema: z.object({ id: z.string() }),
    });
  const getOrder = declare("get_order");
  const issueRefund = declare("issue_refund");
  let lookups = 0;
  return new StateGraph(Annotation.Root({ label: Annotation(), log: Annotation() }))
    .addNode("classify", async () => {
      const messages = [{ role: "user", content: "Refund order 7" }];
      const { choices } = await client.chat.completions.create({ model: "gpt-x", messages });
      return { label: JSON.parse(choices[0].message.content).label };
    })
    .addNode(
      "lookup",
      async () => {
        lookups += 1;
        if (lookups === 1) throw new RangeError("order service unavailable");
        return { log: await getOrder.invoke({ id: "7" }) };
      },
      { retryPolicy: { maxAttempts: 3, initialInterval: 1, jitter: false, logWarning: false } },
    )
    .addNode("reject", () => ({ log: "rejected" }))
    .addNode(
      "approve",
      () => {
        const answer = interrupt({ question: "Refund order 7?" });
        return new Command({ goto: answer.approved ? "refund" : "reject" });
      },
      { ends: ["refund", "reject"] },
    )
    .addNode("refund", async () => ({ log: await issueRefund.invoke({ id: "7" }) }))
    .addEdge(START, "classify")
    .addConditionalEdges(
      "classify",
      function routeByScore({ label }) {
        return label;
      },
      { high: "lookup", low: "reject" },
    )
    .addEdge("lookup", "approve")
    .addEdge("reject", END)
    .addEdge("refund", END)
    .compile({ checkpointer: saver, name: "refund_flow" });
}

/** Run one part and print what came out. */
async function run(libraries, [, , part, path, baseURL]) {
  const { saver, save } = openSaver(libraries.langgraph.MemorySaver, path);
  const graph = build(libraries, saver, baseURL);
  const config = { configurable: { thread_id: "thread-7" } };
  const answer = { approved: true, approver: "dana", comment: "within policy" };
  const input =
    part === "resume" ? new libraries.langgraph.Command({ resume: answer }) : { label: "none" };
  const result = await graph.invoke(input, config);
  save();
  const questions = (result.__interrupt__ ?? []).map((one) => one.value.question);
  process.stdout.write(`${JSON.stringify({ log: result.log, questions })}\n`);
}

module.exports = { run };
