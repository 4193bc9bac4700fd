/** Goal: an audit learns where the data went. Method: clients as the library makes them. */
import { expect, test } from "vitest";
import { providerOf } from "./provider.ts";

class AzureOpenAI {
  readonly baseURL = "https://example.com/openai";
}
class ShopOpenAI extends AzureOpenAI {}
class OpenAI {
  readonly baseURL: unknown;
  constructor(baseURL: unknown) {
    this.baseURL = baseURL;
  }
}

test.each([
  [new AzureOpenAI(), "azure.ai.openai"],
  [new ShopOpenAI(), "azure.ai.openai"],
  [new OpenAI("https://api.openai.com/v1"), "openai"],
  [new OpenAI("https://shop.openai.azure.com/openai/v1"), "azure.ai.openai"],
  [new OpenAI("https://shop.cognitiveservices.azure.com/openai/v1"), "azure.ai.openai"],
  [new OpenAI("https://shop.services.ai.azure.com/models"), "azure.ai.inference"],
  [new OpenAI("https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1"), "aws.bedrock"],
  [new OpenAI("https://bedrock-mantle.us-east-1.api.aws/openai/v1"), "aws.bedrock"],
  [new OpenAI("https://us-east1-aiplatform.googleapis.com/v1/projects/p"), "gcp.vertex_ai"],
  [new OpenAI("https://aiplatform.googleapis.com/v1/projects/p"), "gcp.vertex_ai"],
  [new OpenAI("https://generativelanguage.googleapis.com/v1beta/openai/"), "gcp.gemini"],
  [new OpenAI("https://api.cohere.ai/compatibility/v1"), "cohere"],
  [new OpenAI("https://api.deepseek.com"), "deepseek"],
  [new OpenAI("https://api.x.ai/v1"), "x_ai"],
  [new OpenAI("https://matrix.ai/v1"), "openai"],
  [new OpenAI("http://127.0.0.1:8000/v1"), "openai"],
  [new OpenAI("no address"), "openai"],
  [undefined, "openai"],
])("the client %o talks to %s", (client, provider) => {
  expect(providerOf(client)).toBe(provider);
});
