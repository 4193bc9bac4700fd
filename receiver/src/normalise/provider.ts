/**
 * The provider's name as the GenAI conventions spell it.
 *
 * In: a name of any dialect, such as `openai.chat`, `VertexAI`, `aws`. Out: a well-known value of
 * `gen_ai.provider.name`, or the first part of the name, in small letters. Pure.
 */
import type { AttributeValue } from "../base/records.ts";

/** Names that differ from the conventions, by their beginning; the first that fits counts. */
const PROVIDERS: readonly (readonly [prefix: string, name: string])[] = [
  ["amazon-bedrock", "aws.bedrock"],
  ["aws", "aws.bedrock"],
  ["bedrock", "aws.bedrock"],
  ["az.ai.inference", "azure.ai.inference"],
  ["azure.ai.inference", "azure.ai.inference"],
  ["az.ai.openai", "azure.ai.openai"],
  ["azure", "azure.ai.openai"],
  ["gcp.gen_ai", "gcp.gen_ai"],
  ["gcp.gemini", "gcp.gemini"],
  ["gcp.vertex_ai", "gcp.vertex_ai"],
  ["gemini", "gcp.gemini"],
  ["google.vertex", "gcp.vertex_ai"],
  ["google-vertex", "gcp.vertex_ai"],
  ["google", "gcp.gemini"],
  ["vertex_ai", "gcp.vertex_ai"],
  ["vertexai", "gcp.vertex_ai"],
  ["vertex", "gcp.vertex_ai"],
  ["ibm.watsonx.ai", "ibm.watsonx.ai"],
  ["watsonx", "ibm.watsonx.ai"],
  ["mistral_ai", "mistral_ai"],
  ["mistralai", "mistral_ai"],
  ["mistral", "mistral_ai"],
  ["x_ai", "x_ai"],
  ["xai", "x_ai"],
];

/** Name a provider; what is no text stays as it is. */
export function providerName(value: AttributeValue): AttributeValue {
  if (typeof value !== "string") return value;
  const said = value.toLowerCase();
  const known = PROVIDERS.find(([prefix]) => said === prefix || said.startsWith(`${prefix}.`));
  return known?.[1] ?? said.split(".")[0] ?? said;
}
