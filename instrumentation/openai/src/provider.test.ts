/** Goal: an audit learns where the data went. Method: clients as the library makes them. */
import { expect, test } from "vitest";
import { providerOf } from "./provider.ts";

class AzureOpenAI {
  readonly baseURL = "https://example.com/openai";
}
class OpenAI {
  readonly baseURL: unknown;
  constructor(baseURL: unknown) {
    this.baseURL = baseURL;
  }
}

test.each([
  [new AzureOpenAI(), "azure.ai.openai"],
  [new OpenAI("https://api.openai.com/v1"), "openai"],
  [new OpenAI("https://shop.openai.azure.com/openai/v1"), "azure.ai.openai"],
  [new OpenAI("https://api.deepseek.com"), "deepseek"],
  [new OpenAI("https://api.x.ai/v1"), "x_ai"],
  [new OpenAI("https://matrix.ai/v1"), "openai"],
  [new OpenAI("http://127.0.0.1:8000/v1"), "openai"],
  [new OpenAI("no address"), "openai"],
  [undefined, "openai"],
])("the client %o talks to %s", (client, provider) => {
  expect(providerOf(client)).toBe(provider);
});
