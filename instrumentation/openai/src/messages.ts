/**
 * Messages of the chat API in the JSON shape of the GenAI conventions: role and parts.
 *
 * In: messages as they go over the wire. Out: new objects. Pure; the input is never changed.
 */
import { isJson, type Json, jsonList, parsedArguments, textOf } from "@spanledger/api/internal";

/** A message of the conventions. */
export interface Message {
  readonly role: unknown;
  readonly parts: readonly Part[];
}

/** A part of a message: text, a tool call, a tool's answer, a medium by address. */
export type Part = Readonly<Record<string, unknown>>;

export function inputMessage(message: Json): Message {
  const role = message.role;
  if (role === "tool" || role === "function") {
    const response = contentText(message.content);
    const id = message.tool_call_id ?? message.name;
    return { role: "tool", parts: [{ type: "tool_call_response", id, response }] };
  }
  return { role, parts: [...contentParts(message.content), ...callParts(message)] };
}

export function outputMessage(choice: Json): Message & { readonly finish_reason: unknown } {
  const [message = {}] = jsonList([choice.message]);
  const refusal = textOf(message.refusal);
  const parts = [
    ...contentParts(message.content),
    ...(refusal === undefined ? [] : [{ type: "text", content: refusal }]),
    ...callParts(message),
  ];
  return {
    role: message.role ?? "assistant",
    parts,
    finish_reason: choice.finish_reason ?? "unknown",
  };
}

/** Content of the chat and of the responses API: a text, or a list of typed parts. */
export function contentParts(content: unknown): readonly Part[] {
  const text = textOf(content);
  if (text !== undefined) return [{ type: "text", content: text }];
  return jsonList(content).map(contentPart);
}

function contentPart(part: Json): Part {
  const text = textOf(part.text) ?? textOf(part.refusal);
  if (text !== undefined) return { type: "text", content: text };
  const image = part.image_url;
  const url = isJson(image) ? image.url : image;
  if (typeof url === "string") return mediaPart("image", url);
  if (typeof part.file_id === "string") return { type: "file", file_id: part.file_id };
  return { type: String(part.type ?? "unknown") };
}

/** Media inside the request are kept by size, not by value: they are no text to audit. */
function mediaPart(modality: string, url: string): Part {
  if (!url.startsWith("data:")) return { type: "uri", modality, uri: url };
  const mimeType = url.slice("data:".length, Math.max(5, url.search(/[;,]/)));
  return { type: "blob", modality, mime_type: mimeType, chars: url.length };
}

function callParts(message: Json): readonly Part[] {
  return jsonList(message.tool_calls).map((call) => {
    const [called = {}] = jsonList([call.function, call.custom]);
    const text = called.arguments ?? called.input;
    return {
      type: "tool_call",
      id: call.id,
      name: called.name,
      arguments: parsedArguments(text),
    };
  });
}

function contentText(content: unknown): unknown {
  const parts = contentParts(content);
  return parts.length === 1 ? parts[0]?.content : parts;
}
