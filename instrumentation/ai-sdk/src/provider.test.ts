/** Goal: providers have the names of the GenAI conventions. */
import { expect, test } from "vitest";
import { providerName } from "./provider.ts";

test.each([
  ["openai.chat", "openai"],
  ["openai.responses", "openai"],
  ["azure.chat", "azure.ai.openai"],
  ["anthropic.messages", "anthropic"],
  ["amazon-bedrock", "aws.bedrock"],
  ["google.generative-ai", "gcp.gemini"],
  ["google.vertex.chat", "gcp.vertex_ai"],
  ["mistral.chat", "mistral_ai"],
  ["xai.chat", "x_ai"],
  ["own-provider", "own-provider"],
  ["googlemaps.chat", "googlemaps"],
])("%s is %s", (sdkName, name) => {
  expect(providerName(sdkName)).toBe(name);
});
