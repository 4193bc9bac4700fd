/**
 * Goal: a run of the OpenAI Agents SDK is recorded as a run of any other engine, and the application
 * does not notice. Method: the real SDK against a server that speaks OpenAI's protocol; the same
 * code with a patched and an unpatched copy of it.
 */
import { createRequire } from "node:module";
import * as agents from "@openai/agents";
import { diag, type Span, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { approval, step, workflow } from "@spanledger/api";
import { OpenAIInstrumentation } from "@spanledger/instrumentation-openai";
import { OpenAIAgentsInstrumentation } from "@spanledger/instrumentation-openai-agents";
import { APPROVAL_REQUESTED_EVENT, OTEL, WORKFLOW } from "@spanledger/schema";
import { OpenAI } from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { record, tree } from "./spans.ts";

type Library = typeof agents;

/** The CommonJS build, which shares no class with the ES module build; loaded before any hook. */
const plain = createRequire(import.meta.url)("@openai/agents") as Library;
const recording = record();
const instrumentation = new OpenAIAgentsInstrumentation();
instrumentation.manuallyInstrument(agents);
new OpenAIInstrumentation().manuallyInstrument({ OpenAI });

let server: OpenAIServer;
beforeAll(async () => {
  server = await startOpenAIServer();
  // The SDK switches its tracing off where NODE_ENV is "test", and sends it to OpenAI elsewhere.
  agents.setTracingDisabled(false);
  agents.setTraceProcessors([]);
});
afterAll(() => server.close());
beforeEach(() => {
  instrumentation.enable();
  instrumentation.setConfig({});
  recording.reset();
});

function runnerOf(library: Library = agents, config: object = {}) {
  const modelProvider = new library.OpenAIProvider({ apiKey: "unused", baseURL: server.baseUrl });
  return new library.Runner({ modelProvider, ...config });
}

/** Triage hands over to refunds, whose one tool needs a person's approval. */
function triageOf(library: Library = agents) {
  const refund = library.tool({
    name: "issue_refund",
    description: "Refund an order",
    parameters: z.object({ id: z.string() }),
    needsApproval: true,
    execute: async ({ id }) => step("book", () => `refunded ${id}`),
  });
  const refunds = new library.Agent({ name: "refunds", model: "gpt-agent", tools: [refund] });
  return new library.Agent({
    name: "triage",
    model: "gpt-agent",
    handoffs: [refunds],
    inputGuardrails: [
      {
        name: "polite",
        execute: async ({ input }) => ({
          tripwireTriggered: input === "rude",
          outputInfo: {},
        }),
      },
    ],
  });
}

function named(name: string): ReadableSpan {
  const [span, ...more] = recording.named(name);
  expect([name, span !== undefined, more.length]).toEqual([name, true, 0]);
  return span as ReadableSpan;
}

/** Run up to the approval, and hand the state over as another process would read it. */
async function pause(): Promise<string> {
  const result = await runnerOf().run(triageOf(), "Refund order 7");
  expect(result.interruptions).toHaveLength(1);
  return result.state.toString();
}

async function resume(text: string, decide: "approve" | "reject" = "approve") {
  const state = await agents.RunState.fromString(triageOf(), text);
  for (const item of state.getInterruptions()) {
    if (decide === "approve") state.approve(item);
    else state.reject(item, { message: "not within policy" });
  }
  return state;
}

describe("a run that waits for a person", () => {
  test("is one trace before the answer and one after it, with the same run id and a link", async () => {
    const text = await pause();
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow triage",
      "  run_step triage",
      "    evaluate_policy polite",
      "    chat gpt-agent",
      "  evaluate_branch triage",
      "  run_step refunds",
      "    chat gpt-agent",
    ]);
    const root = named("invoke_workflow triage");
    expect(root.attributes).toMatchObject({
      [WORKFLOW.engine]: "openai-agents",
      [WORKFLOW.runResult]: "paused",
      [WORKFLOW.definitionSha256]: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(root.status.code).toBe(SpanStatusCode.UNSET);
    const asked = named("run_step refunds");
    expect(asked.attributes).toMatchObject({
      [WORKFLOW.stepType]: "approval",
      [WORKFLOW.stepResult]: "paused",
      [WORKFLOW.stepOutput]:
        '[{"tool":"issue_refund","id":"call_issue_refund","arguments":"{\\"id\\":\\"7\\"}"}]',
    });
    expect(asked.events).toMatchObject([
      {
        name: APPROVAL_REQUESTED_EVENT,
        attributes: { [WORKFLOW.approvalId]: "call_issue_refund" },
      },
    ]);

    recording.reset();
    const state = await resume(text);
    expect((await runnerOf().run(triageOf(), state)).finalOutput).toBe("Hello");
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow triage",
      "  run_step refunds",
      "    resolve_approval refunds",
      "    execute_tool issue_refund",
      "      run_step book",
      "    chat gpt-agent",
    ]);
    const second = named("invoke_workflow triage");
    expect(second.attributes).toMatchObject({
      [WORKFLOW.runId]: root.attributes[WORKFLOW.runId],
      [WORKFLOW.requestId]: root.attributes[WORKFLOW.requestId],
      [WORKFLOW.runResult]: "success",
      [WORKFLOW.definitionSha256]: root.attributes[WORKFLOW.definitionSha256],
    });
    expect(second.links.map(({ context }) => context.spanId)).toEqual([root.spanContext().spanId]);
    expect(named("resolve_approval refunds").attributes).toMatchObject({
      [WORKFLOW.approvalId]: "call_issue_refund",
      [WORKFLOW.approvalOutcome]: "approved",
      [WORKFLOW.approvalWaitMs]: expect.any(Number),
    });
    expect(named("execute_tool issue_refund").attributes).toMatchObject({
      [OTEL.genAiToolCallArguments]: '{"id":"7"}',
      [OTEL.genAiToolCallResult]: '"refunded 7"',
    });
  });

  test("keeps why a person said no", async () => {
    const state = await resume(await pause(), "reject");
    await runnerOf().run(triageOf(), state);
    expect(named("resolve_approval refunds").attributes).toMatchObject({
      [WORKFLOW.approvalOutcome]: "rejected",
      [WORKFLOW.approvalComment]: "not within policy",
    });
  });

  test("is told once who approved, where the application says it", async () => {
    const state = await resume(await pause());
    recording.reset();
    await workflow({ id: "w", name: "w" }, () => {
      const id = "call_issue_refund";
      approval.resolve({ id, outcome: "approved", approver: "dana" });
      return runnerOf().run(triageOf(), state);
    });
    expect(recording.named("resolve_approval refunds")).toEqual([]);
    expect(named("resolve_approval call_issue_refund").attributes[OTEL.userId]).toBe("dana");
  });

  test("goes on with a run of its own where the state holds no ids, or wrong ones", async () => {
    const parsed = JSON.parse(await pause());
    parsed.trace.metadata = { spanledger: { runId: "a b", root: 7, approvals: "x" } };
    recording.reset();
    await runnerOf().run(triageOf(), await resume(JSON.stringify(parsed)));
    const root = named("invoke_workflow triage");
    expect(root.links).toEqual([]);
    expect(root.attributes[WORKFLOW.runResult]).toBe("success");
  });
});

test("a handoff is a decision of the model, with the agents that there were", async () => {
  await pause();
  expect(named("evaluate_branch triage").attributes).toMatchObject({
    [WORKFLOW.decisionType]: "model",
    [WORKFLOW.decisionSourceStep]: "triage",
    [WORKFLOW.decisionOptions]: ["refunds"],
    [WORKFLOW.decisionSelected]: ["refunds"],
    [WORKFLOW.decisionSkipped]: [],
  });
});

test("the definition holds the agents and their handoffs", async () => {
  await workflow({ id: "fresh", name: "fresh" }, () => runnerOf().run(triageOf(), "Hello"));
  const definition = String(named("define_workflow fresh").attributes[WORKFLOW.definition]);
  expect(JSON.parse(definition)).toMatchObject({
    nodes: expect.anything(),
    edges: expect.arrayContaining([
      expect.objectContaining({ from: "triage", to: "refunds", condition: "handoff" }),
    ]),
  });
});

describe("a guardrail", () => {
  test("that lets pass is a policy that allows", async () => {
    await pause();
    expect(named("evaluate_policy polite").attributes[WORKFLOW.policyOutcome]).toBe("allow");
  });

  test("that is tripped denies, and the run fails with the SDK's own error", async () => {
    const run = runnerOf().run(triageOf(), "rude");
    await expect(run).rejects.toBeInstanceOf(agents.InputGuardrailTripwireTriggered);
    expect(named("evaluate_policy polite").attributes[WORKFLOW.policyOutcome]).toBe("deny");
    expect(named("invoke_workflow triage").attributes).toMatchObject({
      [WORKFLOW.runResult]: "failure",
      [OTEL.errorType]: "InputGuardrailTripwireTriggered",
    });
  });
});

describe("a stream", () => {
  const helper = () => new agents.Agent({ name: "helper", model: "gpt-agent" });

  test("ends its run when it was read", async () => {
    const result = await runnerOf().run(helper(), "Hello", { stream: true });
    for await (const _ of result);
    await result.completed;
    await expect
      .poll(() => tree(recording.spans()))
      .toEqual(["invoke_workflow helper", "  run_step helper", "    chat gpt-agent"]);
    expect(named("run_step helper").attributes[WORKFLOW.stepInput]).toBe('"Hello"');
  });

  test("that its reader leaves ends its run as well", async () => {
    const result = await runnerOf().run(helper(), "Hello", { stream: true });
    for await (const _ of result) break;
    await expect.poll(() => recording.named("invoke_workflow helper").length).toBe(1);
  });

  test("that the model refuses ends its run with the error", async () => {
    const agent = new agents.Agent({ name: "helper", model: "gpt-refused" });
    const result = await runnerOf().run(agent, "Hello", { stream: true });
    await expect(result.completed).rejects.toThrow("bad request");
    await expect.poll(() => recording.named("invoke_workflow helper").length).toBe(1);
    expect(named("invoke_workflow helper").attributes[WORKFLOW.runResult]).toBe("failure");
  });
});

test("an agent as a tool is a step below that tool, in one run", async () => {
  const inner = new agents.Agent({ name: "inner", model: "gpt-agent" });
  const ask = inner.asTool({
    toolName: "ask_inner",
    toolDescription: "Ask",
    parameters: z.object({ id: z.string() }),
    runConfig: { modelProvider: runnerOf().config.modelProvider },
  });
  const outer = new agents.Agent({ name: "outer", model: "gpt-agent", tools: [ask] });
  await runnerOf().run(outer, "Hello");
  expect(tree(recording.spans())).toEqual([
    "invoke_workflow outer",
    "  run_step outer",
    "    chat gpt-agent",
    "    execute_tool ask_inner",
    "      run_step inner",
    "        chat gpt-agent",
    "    chat gpt-agent",
  ]);
});

test("runs at the same time keep their spans apart", async () => {
  const run = (name: string) =>
    runnerOf().run(new agents.Agent({ name, model: "gpt-agent" }), "Hello");
  await Promise.all(["a", "b", "c"].map(run));
  const lines = tree(recording.spans());
  for (const name of ["a", "b", "c"]) {
    const at = lines.indexOf(`invoke_workflow ${name}`);
    expect(lines.slice(at + 1, at + 3)).toEqual([`  run_step ${name}`, "    chat gpt-agent"]);
  }
});

test("a model of another provider is recorded once, by the SDK's own word", async () => {
  const model: agents.Model = {
    getResponse: (request) =>
      agents.withGenerationSpan(async (span) => {
        Object.assign(span.spanData, {
          model: "local-x",
          model_config: { provider: "local.chat" },
          input: [{ role: "user", content: "Hello" }],
          output: [{ role: "assistant", content: "Hi" }],
          usage: { input_tokens: 3, output_tokens: 1 },
        });
        expect(request.input).toBeDefined();
        const content = [{ type: "output_text" as const, text: "Hi" }];
        const message = { type: "message" as const, role: "assistant" as const };
        return {
          usage: new agents.Usage({ inputTokens: 3, outputTokens: 1, totalTokens: 4, requests: 1 }),
          output: [{ ...message, status: "completed" as const, content }],
        };
      }),
    getStreamedResponse: () => {
      throw new Error("not asked for");
    },
  };
  const result = await runnerOf().run(new agents.Agent({ name: "helper", model }), "Hello");
  expect(result.finalOutput).toBe("Hi");
  expect(named("chat local-x").attributes).toMatchObject({
    [OTEL.genAiProviderName]: "local",
    [OTEL.genAiUsageInputTokens]: 3,
    [OTEL.genAiOutputMessages]: '[{"role":"assistant","parts":[{"type":"text","content":"Hi"}]}]',
  });
});

test("nothing of content is kept with captureContent: false", async () => {
  instrumentation.setConfig({ captureContent: false });
  const state = await resume(await pause());
  await runnerOf().run(triageOf(), state);
  const own = recording
    .spans()
    .filter(({ instrumentationScope }) => instrumentationScope.name.endsWith("openai-agents"));
  expect(own.length).toBeGreaterThan(5);
  const names = own.flatMap(({ attributes }) => Object.keys(attributes));
  expect(names).not.toContain(WORKFLOW.stepInput);
  expect(names).not.toContain(WORKFLOW.stepOutput);
  expect(names).not.toContain(OTEL.genAiToolCallArguments);
  expect(names).not.toContain(OTEL.genAiToolCallResult);
});

test("with the SDK's tracing off, runs and calls to models are left", async () => {
  const runner = runnerOf(agents, { tracingDisabled: true });
  await runner.run(new agents.Agent({ name: "helper", model: "gpt-agent" }), "Hello");
  expect(tree(recording.spans())).toEqual(["invoke_workflow helper", "  chat gpt-agent"]);
});

test("nothing is recorded when disabled", async () => {
  instrumentation.disable();
  await runnerOf().run(new agents.Agent({ name: "helper", model: "gpt-agent" }), "Hello");
  expect(tree(recording.spans())).toEqual(["chat gpt-agent"]);
});

/** What applications do, and hostile things that they do too; each says what it saw. */
const USES: Readonly<Record<string, (library: Library) => Promise<unknown>>> = {
  "a handoff and an approval": async (library) => {
    const runner = runnerOf(library);
    const first = await runner.run(triageOf(library), "Refund order 7");
    const text = first.state.toString();
    const state = await library.RunState.fromString(triageOf(library), text);
    for (const item of state.getInterruptions()) state.approve(item);
    const second = await runner.run(triageOf(library), state);
    return [first.constructor.name, first.interruptions.length, second.finalOutput, second.history];
  },
  "the promise's class": async (library) => {
    const agent = new library.Agent({ name: "helper", model: "gpt-agent" });
    const promise = runnerOf(library).run(agent, "Hello");
    return [promise.constructor === Promise, (await promise).finalOutput];
  },
  "a stream that is left": async (library) => {
    const agent = new library.Agent({ name: "helper", model: "gpt-agent" });
    const result = await runnerOf(library).run(agent, "Hello", { stream: true });
    const seen: string[] = [];
    for await (const event of result) {
      seen.push(event.type);
      break;
    }
    return [result.constructor.name, seen];
  },
  "a refusal": (library) =>
    runnerOf(library).run(new library.Agent({ name: "helper", model: "gpt-refused" }), "Hello"),
  "too many turns": (library) => runnerOf(library).run(triageOf(library), "Hello", { maxTurns: 1 }),
  "a tool that throws": async (library) => {
    const lookup = library.tool({
      name: "lookup",
      description: "Look up",
      parameters: z.object({ id: z.string() }),
      execute: () => {
        throw new RangeError("no such order");
      },
    });
    const agent = new library.Agent({ name: "helper", model: "gpt-agent", tools: [lookup] });
    return (await runnerOf(library).run(agent, "Hello")).history;
  },
  "hostile inputs": async (library) => {
    const agent = new library.Agent({ name: "helper", model: "gpt-agent" });
    const cyclic: Record<string, unknown> = { big: 1n, bytes: new Uint8Array(8) };
    cyclic.self = cyclic;
    Object.defineProperty(cyclic, "bad", {
      enumerable: true,
      get: () => {
        throw new RangeError("boom");
      },
    });
    const outcomes: unknown[] = [];
    for (const input of [undefined, null, 7, "", "x".repeat(1_000_000), cyclic, [cyclic], []]) {
      outcomes.push(await settled(() => runnerOf(library).run(agent, input as never)));
    }
    return outcomes;
  },
  "an agent that is none": (library) => runnerOf(library).run({} as never, "Hello"),
  "a context that is cyclic": async (library) => {
    const context: Record<string, unknown> = { big: 1n };
    context.self = context;
    const agent = new library.Agent({ name: "helper", model: "gpt-agent" });
    return (await runnerOf(library).run(agent, "Hello", { context })).finalOutput;
  },
};

describe("the application", () => {
  test.each(Object.keys(USES))("gets by %s what it gets without us", async (name) => {
    const [ours, theirs] = await both(name);
    expect(ours).toEqual(theirs);
  });

  test.each(Object.keys(USES))("gets by %s the same with an SDK that throws", async (name) => {
    diag.disable();
    const fail = (): never => {
      throw new Error("broken SDK");
    };
    const span = new Proxy({} as Span, {
      get: (_, key) => (key === "spanContext" ? () => ({ traceId: "", spanId: "" }) : fail),
    });
    let started = 0;
    const startSpan = (): Span => {
      started += 1;
      return started % 3 === 0 ? fail() : span;
    };
    const broken = { startSpan, startActiveSpan: fail };
    instrumentation.setTracerProvider({ getTracer: () => broken as never });
    const [ours, theirs] = await both(name);
    expect(ours).toEqual(theirs);
  });
});

async function both(name: string): Promise<readonly unknown[]> {
  const use = USES[name] as (library: Library) => Promise<unknown>;
  return [await settled(() => use(agents)), await settled(() => use(plain))];
}

/** How something ends, so that two can be compared. */
async function settled(run: () => unknown): Promise<unknown> {
  try {
    const { finalOutput, ...rest } = Object((await run()) ?? {}) as Record<string, unknown>;
    return JSON.stringify(finalOutput === undefined ? rest : finalOutput);
  } catch (error) {
    if (!(error instanceof Error)) return { threw: error };
    return { name: error.constructor.name, message: error.message };
  }
}
