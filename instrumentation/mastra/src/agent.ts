/**
 * Agents: `chat MODEL` and `execute_tool NAME`.
 *
 * In: the models and tools that an agent resolves for a call. Side effects: the classes of these
 * models record their calls; the tools that Mastra has made for the call record their execution.
 */
import { context, createContextKey } from "@opentelemetry/api";
import { isWrapped } from "@opentelemetry/instrumentation";
import { isJson, observe, type PatchableMethod, readField, safely } from "@spanledger/api/internal";
import { Generation } from "@spanledger/instrumentation-ai-sdk/internal";
import type { Recorder } from "./internal-types.ts";
import { observeModelStream } from "./model-stream.ts";

/** Set inside of a call to a model: Mastra's router calls a model of its own. */
const IN_MODEL = createContextKey("spanledger.mastra.model");

/** Mastra's own classes around models; nobody else's prototype is patched. */
const MODEL_CLASS = /^(?:AISDKV\d+|ModelRouter)LanguageModel$/;

type RecorderSource = () => Recorder | undefined;
type WrapMethod = (
  prototype: Record<string, PatchableMethod>,
  name: string,
  wrapper: (original: PatchableMethod) => PatchableMethod,
) => void;

/** `Agent.prototype.resolveModelConfig`: what it returns is about to be called. */
export function patchResolvedModels(
  original: PatchableMethod,
  patch: (model: unknown) => void,
): PatchableMethod {
  return function resolveAndPatch(this: unknown, ...args) {
    const run = (): unknown => Reflect.apply(original, this, args);
    return observe(context.active(), run, { returned: patch, threw: () => undefined });
  };
}

/** Make the class of a model record. */
export function patchModelClass(
  modelClass: unknown,
  source: RecorderSource,
  wrapMethod: WrapMethod,
): void {
  if (!MODEL_CLASS.test(String(readField(modelClass, "name")))) return;
  const prototype = readField(modelClass, "prototype") as Record<string, PatchableMethod>;
  for (const name of ["doStream", "doGenerate"]) {
    wrapMethod(prototype, name, (original) => recordModel(original, source));
  }
}

function recordModel(original: PatchableMethod, source: RecorderSource): PatchableMethod {
  return function callAndRecord(this: unknown, ...args) {
    const run = (): unknown => Reflect.apply(original, this, args);
    const begun = safely(() => beginModelCall(this, args[0], source));
    if (begun === undefined) return run();
    return context.with(context.active().setValue(IN_MODEL, true), () => callModel(begun, run));
  };
}

function beginModelCall(
  model: unknown,
  options: unknown,
  source: RecorderSource,
): Generation | undefined {
  const recorder = source();
  if (recorder === undefined || context.active().getValue(IN_MODEL) === true) return undefined;
  const generation = new Generation(recorder, false);
  const request = isJson(options) ? options : {};
  generation.modelCallStarted({
    ...request,
    provider: readField(model, "provider"),
    modelId: readField(model, "modelId"),
    messages: request.prompt,
  });
  return generation;
}

async function callModel(generation: Generation, run: () => unknown): Promise<unknown> {
  let result: unknown;
  try {
    result = await generation.runModel(async () => run());
  } catch (error) {
    safely(() => generation.failed(error));
    throw error;
  }
  safely(() => {
    const stream = readField(result, "stream");
    if (stream instanceof ReadableStream && typeof result === "object" && result !== null) {
      const observed = observeModelStream(stream, {
        ended: (answer) => generation.modelCallEnded(answer),
        failed: (error) => generation.failed(error),
      });
      // In place: Mastra keeps notes about the very object.
      Reflect.set(result, "stream", observed);
    } else generation.ended();
  });
  return result;
}

/** `Agent.prototype.convertTools`: objects that Mastra has made for one call of the agent. */
export function recordConvertedTools(
  original: PatchableMethod,
  source: RecorderSource,
): PatchableMethod {
  return function convertAndRecord(this: unknown, ...args) {
    const run = (): unknown => Reflect.apply(original, this, args);
    return observe(context.active(), run, {
      returned: (tools) => {
        if (!isJson(tools)) return;
        for (const [name, tool] of Object.entries(tools)) recordTool(name, tool, source);
      },
      threw: () => undefined,
    });
  };
}

function recordTool(name: string, tool: unknown, source: RecorderSource): void {
  const execute = readField(tool, "execute");
  if (typeof execute !== "function" || isWrapped(execute as never)) return;
  Reflect.set(
    tool as object,
    "execute",
    function executeAndRecord(this: unknown, ...args: unknown[]) {
      const run = (): unknown => Reflect.apply(execute, this, args);
      const begun = safely(() => beginTool(name, args, source));
      return begun === undefined ? run() : observe(begun.active, run, begun);
    },
  );
}

function beginTool(name: string, [input, options]: readonly unknown[], source: RecorderSource) {
  const recorder = source();
  if (recorder === undefined) return undefined;
  const generation = new Generation(recorder, false);
  const toolCallId = readField(options, "toolCallId") ?? name;
  const toolCall = { toolName: name, toolCallId, input };
  generation.toolStarted(toolCall);
  return {
    active: generation.toolContext(toolCallId),
    // Older versions hand the model the error of a tool as what it returned.
    returned: (output: unknown) =>
      generation.toolEnded(toolCall, output instanceof Error ? { error: output } : { output }),
    threw: (error: unknown) => generation.toolEnded(toolCall, { error }),
  };
}
