/**
 * Message events to the messages of the GenAI conventions.
 *
 * In: the body of a log record `gen_ai.*.message` or `gen_ai.choice` (semantic conventions 1.36 and
 * before, which OpenTelemetry's own OpenAI packages send). Out: the value of the attribute that holds
 * the same today. Pure. Nothing is left out: what has no name in a message keeps its own.
 */
import { OTEL } from "@spanledger/schema";
import type { AttributeMap, AttributeValue } from "../base/records.ts";

/** Content under the name of its attribute. */
export interface NamedContent {
  readonly name: string;
  readonly value: AttributeValue;
}

type Convert = (body: AttributeMap) => NamedContent;

/** By event name. */
const CONVERTERS: ReadonlyMap<string, Convert> = new Map<string, Convert>([
  ["gen_ai.system.message", systemMessage],
  ["gen_ai.user.message", (body) => inputMessage("user", body)],
  ["gen_ai.assistant.message", (body) => inputMessage("assistant", body)],
  ["gen_ai.tool.message", toolMessage],
  ["gen_ai.choice", choice],
]);

/** The content of a message event; undefined for any other event. */
export function messageContent(eventName: string, body: AttributeValue): NamedContent | undefined {
  return CONVERTERS.get(eventName)?.(asMap(body));
}

/** A body that is no map is the content itself. */
function asMap(body: AttributeValue): AttributeMap {
  if (isMap(body)) return body;
  return body === null ? new Map() : new Map([["content", body]]);
}

function inputMessage(role: string, body: AttributeMap): NamedContent {
  return { name: OTEL.genAiInputMessages, value: [message(role, body)] };
}

/** Instructions are parts without a role; one of another role stays a message. */
function systemMessage(body: AttributeMap): NamedContent {
  const only = [...body.keys()].every((key) => key === "content" || key === "role");
  const role = body.get("role") ?? "system";
  if (!only || role !== "system") return inputMessage("system", body);
  return { name: OTEL.genAiSystemInstructions, value: textParts(body.get("content")) };
}

function toolMessage(body: AttributeMap): NamedContent {
  const response = new Map([
    ...[...body].filter(([key]) => key === "id"),
    ["response", body.get("content") ?? null] as const,
  ]);
  const whole = new Map<string, AttributeValue>([
    ["role", body.get("role") ?? "tool"],
    ["parts", [part("tool_call_response", response)]],
    ...without(body, "role", "id", "content"),
  ]);
  return { name: OTEL.genAiInputMessages, value: [whole] };
}

/** The message lies within the choice, or is the choice; tool calls stand in either. */
function choice(body: AttributeMap): NamedContent {
  const inner = body.get("message");
  if (inner === undefined || inner === null) {
    return { name: OTEL.genAiOutputMessages, value: [message("assistant", body)] };
  }
  const merged = new Map([...without(body, "message"), ...asMap(inner)]);
  return { name: OTEL.genAiOutputMessages, value: [message("assistant", merged)] };
}

function message(defaultRole: string, body: AttributeMap): AttributeMap {
  const parts = [...textParts(body.get("content")), ...toolCallParts(body.get("tool_calls"))];
  return new Map<string, AttributeValue>([
    ["role", body.get("role") ?? defaultRole],
    ["parts", parts],
    ...without(body, "role", "content", "tool_calls"),
  ]);
}

function textParts(content: AttributeValue | undefined): AttributeValue[] {
  if (content === undefined || content === null) return [];
  return isList(content) ? content.map(textPart) : [textPart(content)];
}

/** OpenAI's text parts have `text`, the conventions' have `content`; other parts stay as they are. */
function textPart(content: AttributeValue): AttributeValue {
  if (!isMap(content)) return part("text", new Map([["content", content]]));
  if (content.get("type") !== "text" || !content.has("text")) return content;
  const text = content.get("text") ?? null;
  return part("text", new Map([["content", text], ...without(content, "type", "text")]));
}

function toolCallParts(calls: AttributeValue | undefined): AttributeValue[] {
  if (calls === undefined || calls === null) return [];
  return isList(calls) ? calls.map(toolCallPart) : [toolCallPart(calls)];
}

/** Name and arguments lie within `function`; arguments stay the text that the model wrote. */
function toolCallPart(call: AttributeValue): AttributeValue {
  if (!isMap(call)) return part("tool_call", new Map([["name", call]]));
  const called = call.get("function");
  const named = isMap(called) ? called : [];
  return part("tool_call", new Map([...without(call, "type", "function"), ...named]));
}

function part(type: string, members: AttributeMap): AttributeMap {
  return new Map<string, AttributeValue>([["type", type], ...members]);
}

function without(map: AttributeMap, ...keys: readonly string[]): [string, AttributeValue][] {
  return [...map].filter(([key]) => !keys.includes(key));
}

function isMap(value: AttributeValue | undefined): value is AttributeMap {
  return value instanceof Map;
}

function isList(value: AttributeValue): value is readonly AttributeValue[] {
  return Array.isArray(value);
}
