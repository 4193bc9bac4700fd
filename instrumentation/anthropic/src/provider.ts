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

/** The platform, where a client says that it is not Anthropic's own. */
export function platformOf(client: unknown): string | undefined {
  return lookUpClass(client, BY_CLASS);
}

export function providerOf(client: unknown): string {
  return platformOf(client) ?? ANTHROPIC;
}
