/**
 * Messages of LangChain in the JSON shape of the GenAI conventions: role and parts.
 *
 * In: `BaseMessage`s, or what LangChain takes for them. Out: new objects. Pure; nothing is changed.
 */
import { type Json, jsonList, parsedArguments, readField, textOf } from "@spanledger/api/internal";

/** A message of the conventions. */
export interface Message {
  readonly role: string;
  readonly parts: readonly Part[];
}

type Part = Readonly<Record<string, unknown>>;

/** LangChain's types of messages, and the roles that other libraries use, as roles. */
const ROLES: Readonly<Record<string, string>> = {
  ai: "assistant",
  developer: "system",
  function: "tool",
  human: "user",
};

/** What a model is given: a text, messages, or a prompt that becomes messages. */
export function inputMessages(input: unknown): readonly Message[] {
  if (typeof input === "string") return [{ role: "user", parts: [textPart(input)] }];
  if (Array.isArray(input)) return input.map(messageOf);
  const toMessages = readField(input, "toChatMessages");
  if (typeof toMessages !== "function") return [];
  const messages: unknown = Reflect.apply(toMessages, input, []);
  return Array.isArray(messages) ? messages.map(messageOf) : [];
}

export function messageOf(message: unknown): Message {
  if (typeof message === "string") return { role: "user", parts: [textPart(message)] };
  // `["human", "Hello"]` is a message as well.
  const [type, content] = Array.isArray(message)
    ? (message as readonly unknown[])
    : [typeOf(message), readField(message, "content")];
  const role = ROLES[String(type)] ?? String(type ?? "user");
  if (role === "tool") {
    const id = readField(message, "tool_call_id");
    const parts = contentParts(content);
    const response = parts.length === 1 && parts[0] !== undefined ? parts[0].content : parts;
    return { role, parts: [{ type: "tool_call_response", id, response }] };
  }
  const calls = jsonList(readField(message, "tool_calls"));
  return { role, parts: [...contentParts(content, calls.length > 0), ...calls.map(callPart)] };
}

/** `getType()` of a message; the newer ones have a field, the plain ones a role. */
function typeOf(message: unknown): unknown {
  for (const name of ["getType", "_getType"]) {
    const get = readField(message, name);
    if (typeof get === "function") return Reflect.apply(get, message, []);
  }
  return readField(message, "role") ?? readField(message, "type");
}

/** @param called whether tool calls are kept elsewhere, and so not again as parts of the content */
function contentParts(content: unknown, called = false): readonly Part[] {
  const text = textOf(content);
  if (text !== undefined) return text === "" ? [] : [textPart(text)];
  const blocks = jsonList(content).filter(
    ({ type }) => !called || (type !== "tool_use" && type !== "tool_call"),
  );
  return blocks.map(contentPart);
}

function contentPart(block: Json): Part {
  const text = textOf(block.text);
  if (text !== undefined) return textPart(text);
  const thought = textOf(block.reasoning) ?? textOf(block.thinking);
  if (thought !== undefined) return { type: "reasoning", content: thought };
  if (block.type === "tool_use") return callPart({ ...block, args: block.input });
  const url = textOf(readField(block.image_url, "url")) ?? textOf(block.image_url);
  if (url === undefined) return { type: textOf(block.type) ?? "unknown" };
  // Media inside a message are kept by size, not by value: they are no text to audit.
  return url.startsWith("data:")
    ? { type: "blob", modality: "image", chars: url.length }
    : { type: "uri", modality: "image", uri: url };
}

function callPart({ id, name, args }: Json): Part {
  return { type: "tool_call", id, name, arguments: parsedArguments(args) };
}

function textPart(content: string): Part {
  return { type: "text", content };
}
