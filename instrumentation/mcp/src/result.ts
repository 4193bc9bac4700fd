/**
 * What a tool returned, as JSON text.
 *
 * In: the result of `tools/call`. Out: its structured content where it has some, else its content
 * blocks; of images, sound and binary resources type and size alone. Pure.
 */
import { isJson, type Json, jsonList, jsonText, textOf } from "@spanledger/api/internal";

export function resultText(result: unknown): string | undefined {
  if (!isJson(result)) return undefined;
  if (isJson(result.structuredContent)) return jsonText(result.structuredContent);
  // The protocol of 2024-10-07 had one value instead of a list of blocks.
  if (!Array.isArray(result.content)) return jsonText(result.toolResult);
  return jsonText(jsonList(result.content).map(shown));
}

function shown(block: Json): Json {
  const { data, resource, ...rest } = block;
  const inner = isJson(resource) ? { resource: withoutBlob(resource) } : {};
  return {
    ...rest,
    ...inner,
    ...(textOf(data) === undefined ? {} : { chars: textOf(data)?.length }),
  };
}

function withoutBlob({ blob, ...rest }: Json): Json {
  const chars = textOf(blob)?.length;
  return chars === undefined ? rest : { ...rest, chars };
}
