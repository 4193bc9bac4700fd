/**
 * The provider's name as the GenAI conventions spell it.
 *
 * In: the SDK's `openai.chat`, `google.generative-ai`. Out: `openai`, `gcp.gemini`. Pure.
 */

/** The SDK's names that differ from the conventions; the longest prefix counts. */
const PROVIDERS: readonly (readonly [prefix: string, name: string])[] = [
  ["amazon-bedrock", "aws.bedrock"],
  ["azure", "azure.ai.openai"],
  ["google.generative-ai", "gcp.gemini"],
  ["google.vertex", "gcp.vertex_ai"],
  ["google-vertex", "gcp.vertex_ai"],
  ["vertex", "gcp.vertex_ai"],
  ["google", "gcp.gemini"],
  ["mistral", "mistral_ai"],
  ["xai", "x_ai"],
];

/** Name a provider; one that the conventions do not know keeps the first part of its name. */
export function providerName(sdkName: string): string {
  const known = PROVIDERS.find(
    ([prefix]) => sdkName === prefix || sdkName.startsWith(`${prefix}.`),
  );
  return known?.[1] ?? sdkName.split(".")[0] ?? sdkName;
}
