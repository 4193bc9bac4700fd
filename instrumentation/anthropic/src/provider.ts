/** Which platform a client talks to, in the well-known values of `gen_ai.provider.name`. */
import { lookUpClass } from "@spanledger/api/internal";

const ANTHROPIC = "anthropic";

/** The clients of other platforms, packages of their own that share the resources. */
const BY_CLASS: ReadonlyMap<unknown, string> = new Map([
  ["AnthropicAws", "aws.bedrock"],
  ["AnthropicBedrock", "aws.bedrock"],
  ["AnthropicBedrockMantle", "aws.bedrock"],
  ["AnthropicFoundry", "azure.ai.inference"],
  ["AnthropicGoogleCloud", "gcp.vertex_ai"],
  ["AnthropicVertex", "gcp.vertex_ai"],
]);

export function providerOf(client: unknown): string {
  return lookUpClass(client, BY_CLASS) ?? ANTHROPIC;
}
