/**
 * Content blocks of the messages API as parts of the GenAI conventions.
 *
 * In: blocks as they go over the wire. Out: new objects. Pure; the input is never changed. Of
 * images and documents only type and size are kept: they are no text to audit.
 */
import { type Json, jsonList, textOf } from "@spanledger/api/internal";

/** A part of a message. */
export type Part = Readonly<Record<string, unknown>>;

/** Content is a text or a list of blocks. */
export function contentParts(content: unknown): readonly Part[] {
  const text = textOf(content);
  if (text !== undefined) return [{ type: "text", content: text }];
  return jsonList(content).map(blockPart);
}

function blockPart(block: Json): Part {
  const type = textOf(block.type) ?? "unknown";
  if (type === "text") return { type, content: block.text };
  if (type === "thinking") return { type: "reasoning", content: block.thinking };
  if (type === "image" || type === "document") return mediaPart(type, block);
  if (type.endsWith("tool_use")) {
    return { type: "tool_call", id: block.id, name: block.name, arguments: block.input };
  }
  if (type.endsWith("tool_result")) {
    return { type: "tool_call_response", id: block.tool_use_id, response: toolResult(block) };
  }
  return { type };
}

function toolResult(block: Json): unknown {
  const parts = contentParts(block.content);
  const [first] = parts;
  return parts.length === 1 && first?.type === "text" ? first.content : parts;
}

function mediaPart(modality: string, block: Json): Part {
  const [source = {}] = jsonList([block.source]);
  if (typeof source.url === "string") return { type: "uri", modality, uri: source.url };
  if (typeof source.file_id === "string")
    return { type: "file", modality, file_id: source.file_id };
  const chars = textOf(source.data)?.length;
  return { type: "blob", modality, mime_type: source.media_type, chars };
}
