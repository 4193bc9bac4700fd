/**
 * Which provider a client talks to, in the well-known values of `gen_ai.provider.name`.
 *
 * The class says it (AzureOpenAI, BedrockOpenAI), else the host of its address: many providers
 * speak OpenAI's protocol, and an audit asks where the data went. An unknown host counts as
 * OpenAI's protocol, `openai`; `server.address` tells which it was.
 */
import { addressOf, lookUpClass } from "@spanledger/api/internal";

const OPENAI = "openai";

const BY_CLASS: ReadonlyMap<unknown, string> = new Map([
  ["AzureOpenAI", "azure.ai.openai"],
  ["BedrockOpenAI", "aws.bedrock"],
]);

/** The end of a host's name, and whose it is; the first that fits. */
const BY_HOST: readonly (readonly [string, string])[] = [
  [".openai.azure.com", "azure.ai.openai"],
  [".cognitiveservices.azure.com", "azure.ai.openai"],
  [".openai.azure.us", "azure.ai.openai"],
  [".services.ai.azure.com", "azure.ai.inference"],
  [".amazonaws.com", "aws.bedrock"],
  [".api.aws", "aws.bedrock"],
  [".aiplatform.googleapis.com", "gcp.vertex_ai"],
  ["-aiplatform.googleapis.com", "gcp.vertex_ai"],
  [".googleapis.com", "gcp.gemini"],
  [".cohere.ai", "cohere"],
  [".cohere.com", "cohere"],
  [".deepseek.com", "deepseek"],
  [".groq.com", "groq"],
  [".mistral.ai", "mistral_ai"],
  [".perplexity.ai", "perplexity"],
  [".x.ai", "x_ai"],
  [".anthropic.com", "anthropic"],
];

export function providerOf(client: unknown): string {
  const byClass = lookUpClass(client, BY_CLASS);
  if (byClass !== undefined) return byClass;
  const address = addressOf(client);
  if (address === undefined) return OPENAI;
  const host = `.${address.host}`;
  return BY_HOST.find(([ending]) => host.endsWith(ending))?.[1] ?? OPENAI;
}
