/**
 * Messages of other dialects as messages of the GenAI conventions: a role, and parts.
 *
 * In: maps as the dialects have them. Out: new maps. Pure. What has no name in a message keeps its
 * own; a tool's arguments that are JSON text become what they say, as in our own packages.
 */
import type { AttributeMap, AttributeValue } from "../base/records.ts";
import { isList, isMap, jsonList, jsonOrText } from "./json-value.ts";

/** A map without what is not there. */
export function mapOf(
  ...entries: readonly (readonly [string, AttributeValue | undefined])[]
): AttributeMap {
  const present = entries.filter(
    (entry): entry is readonly [string, AttributeValue] => entry[1] !== undefined,
  );
  return new Map(present);
}

export function textPart(content: AttributeValue): AttributeMap {
  return mapOf(["type", "text"], ["content", content]);
}

export function toolCallPart(
  id: AttributeValue | undefined,
  name: AttributeValue | undefined,
  said: AttributeValue | undefined,
): AttributeMap {
  return mapOf(["type", "tool_call"], ["id", id], ["name", name], ["arguments", jsonOrText(said)]);
}

/** The conventions say `response`; some say `result`. */
export function toolResponsePart(
  id: AttributeValue | undefined,
  response: AttributeValue | undefined,
): AttributeMap {
  return mapOf(["type", "tool_call_response"], ["id", id], ["response", response ?? null]);
}

export function messageOf(
  role: AttributeValue | undefined,
  parts: readonly AttributeValue[],
  finishReason?: AttributeValue,
): AttributeMap {
  return mapOf(["role", role], ["parts", parts], ["finish_reason", finishReason]);
}

/** Content that is a list of typed parts as JSON text; any other text is what was said. */
export function spreadContent(content: AttributeValue | undefined): AttributeValue | undefined {
  if (typeof content !== "string" || !content.startsWith("[{")) return content;
  const list = jsonList(content);
  return list?.every((part) => isMap(part) && part.has("type")) === true ? list : content;
}

/** Content of a message: text, or a list of typed parts of the OpenAI, Anthropic or AI SDK kind. */
export function contentParts(content: AttributeValue | undefined): readonly AttributeValue[] {
  if (content === undefined || content === null || content === "") return [];
  if (isMap(content)) return [contentPart(content)];
  return isList(content) ? content.map(contentPart) : [textPart(content)];
}

function contentPart(part: AttributeValue): AttributeValue {
  if (!isMap(part)) return textPart(part);
  const type = part.get("type");
  switch (type) {
    case "tool-call": {
      const said = part.get("input") ?? part.get("args");
      const call = toolCallPart(part.get("toolCallId"), part.get("toolName"), said);
      return withRest(call, part, ["toolCallId", "toolName", "input", "args"]);
    }
    case "tool_use": {
      const call = toolCallPart(part.get("id"), part.get("name"), part.get("input"));
      return withRest(call, part, ["id", "name", "input"]);
    }
    case "tool-result": {
      const answer = toolResponsePart(part.get("toolCallId"), outputOf(part));
      return withRest(answer, part, ["toolCallId", "output", "result"]);
    }
    case "tool_result": {
      const answer = toolResponsePart(part.get("tool_use_id"), part.get("content"));
      return withRest(answer, part, ["tool_use_id", "content"]);
    }
    case "tool_call_response":
      return part.has("response") ? part : toolResponsePart(part.get("id"), part.get("result"));
    default:
      return typedPart(type, part);
  }
}

/** What has no name in a part of ours keeps its own. */
function withRest(made: AttributeMap, part: AttributeMap, used: readonly string[]): AttributeMap {
  return new Map([...[...part].filter(([key]) => !used.includes(key)), ...made]);
}

/** Text and reasoning have `text` in most dialects, `content` in the conventions. */
function typedPart(type: AttributeValue | undefined, part: AttributeMap): AttributeMap {
  const text = part.get("text");
  const isText = type === undefined || type === "text" || type === "input_text";
  if (text === undefined) return part;
  const rest = [...part].filter(([key]) => key !== "type" && key !== "text");
  const kind = isText || type === "output_text" ? "text" : type;
  return new Map([["type", kind], ["content", text], ...rest]);
}

/** A tool's answer is `{ type, value }` in messages of the AI SDK 5 and later, `result` before. */
function outputOf(part: AttributeMap): AttributeValue | undefined {
  const output = part.get("output") ?? part.get("result");
  return isMap(output) && output.has("type") ? (output.get("value") ?? output) : output;
}

/** A tool's definition: of the chat API (`function`), or flat, with its schema under any name. */
export function toolDefinition(tool: AttributeValue): AttributeValue {
  if (!isMap(tool)) return tool;
  const inner = tool.get("function");
  const named = isMap(inner) ? inner : tool;
  const schema = named.get("parameters") ?? named.get("inputSchema") ?? named.get("input_schema");
  const rest = [...named].filter(
    ([key]) => !["type", "parameters", "inputSchema", "input_schema"].includes(key),
  );
  return new Map([
    ["type", tool.get("type") ?? "function"],
    ...rest,
    ...(schema === undefined ? [] : [["parameters", jsonOrText(schema)] as const]),
  ] as [string, AttributeValue][]);
}
