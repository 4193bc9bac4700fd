/**
 * The AI SDK's messages and content parts in the JSON shape of the GenAI conventions.
 *
 * In: messages of an application, content of a response. Out: new objects. Pure; the input is never
 * changed, media are kept by type and size alone.
 */
import { type Json, jsonList, readField, textOf } from "@spanledger/api/internal";

/** A message of the conventions. */
export interface Message {
  readonly role: unknown;
  readonly parts: readonly Part[];
}

/** A part of a message: text, reasoning, a tool call, a tool's answer, a medium. */
export type Part = Readonly<Record<string, unknown>>;

/** Finish reasons that the SDK spells otherwise than the conventions. */
const FINISH_REASONS: Readonly<Record<string, string>> = {
  "tool-calls": "tool_call",
  "content-filter": "content_filter",
};

export function inputMessages(messages: unknown): readonly Message[] {
  return jsonList(messages).map(({ role, content }) => ({ role, parts: contentParts(content) }));
}

/** The response as one message. */
export function outputMessage(content: unknown, finishReason: string | undefined): Message {
  const parts = jsonList(content)
    .filter((part) => !isOfSdkAlone(part))
    .map(contentPart);
  const reason = { finish_reason: finishReason ?? "unknown" };
  return { role: "assistant", parts, ...reason };
}

/** Instructions: a text, a system message, or several. */
export function instructionParts(instructions: unknown): readonly Part[] {
  const text = textOf(instructions);
  if (text !== undefined) return [{ type: "text", content: text }];
  const messages = Array.isArray(instructions) ? instructions : [instructions];
  return jsonList(messages).flatMap(({ content }) => contentParts(content));
}

export function finishReasonOf(reason: unknown): string | undefined {
  const text = textOf(reason) ?? textOf(readField(reason, "unified"));
  return text === undefined ? undefined : (FINISH_REASONS[text] ?? text);
}

/** Definitions of tools as the model gets them. */
export function toolDefinitions(tools: unknown): readonly Part[] {
  return jsonList(tools).map((tool) => ({
    type: tool.type ?? "function",
    name: tool.name ?? tool.id,
    description: tool.description,
    parameters: tool.inputSchema ?? tool.args,
  }));
}

/** Content: a text, or a list of typed parts. */
function contentParts(content: unknown): readonly Part[] {
  const text = textOf(content);
  if (text !== undefined) return [{ type: "text", content: text }];
  return jsonList(content).map(contentPart);
}

function contentPart(part: Json): Part {
  const { type } = part;
  const text = textOf(part.text);
  if (text !== undefined) return { type: type ?? "text", content: text };
  switch (type) {
    case "tool-call":
      return { type: "tool_call", id: part.toolCallId, name: part.toolName, arguments: part.input };
    case "tool-result":
      return {
        type: "tool_call_response",
        id: part.toolCallId,
        response: outputValue(part.output),
      };
    case "tool-error":
      return { type: "tool_call_response", id: part.toolCallId, response: part.error };
    case "tool-approval-request":
      return { type, id: part.approvalId, tool_call_id: part.toolCallId };
    case "tool-approval-response":
      return { type, id: part.approvalId, approved: part.approved, reason: part.reason };
    case "file":
    case "image":
      return mediaPart(part);
    default:
      return { type: textOf(type) ?? "unknown" };
  }
}

/** A tool's answer is `{ type, value }` in messages and the value itself in responses. */
function outputValue(output: unknown): unknown {
  const isTyped = typeof readField(output, "type") === "string";
  return isTyped ? (readField(output, "value") ?? output) : output;
}

/** A medium by its address; what lies inside of the request by type and size. */
function mediaPart(part: Json): Part {
  const file = readField(part, "file") ?? part;
  const mime_type = readField(file, "mediaType");
  const modality = String(mime_type ?? part.type).split("/")[0];
  const data = readField(part, "data") ?? readField(part, "image");
  const inner = readField(data, "data") ?? readField(data, "url") ?? data;
  const address = inner instanceof URL ? inner.href : textOf(inner);
  if (address?.startsWith("http") === true) return { type: "uri", modality, uri: address };
  const size = ArrayBuffer.isView(inner) ? { bytes: inner.byteLength } : { chars: address?.length };
  return { type: "blob", modality, mime_type, ...size };
}

/** Parts that the SDK adds for the application: no answer of the model. */
function isOfSdkAlone({ type }: Json): boolean {
  return type === "tool-approval-request" || type === "tool-approval-response";
}
