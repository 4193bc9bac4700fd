/** Goal: the wire protocol becomes the conventions' attributes. Method: bodies as on the wire. */
import { jsonList, STREAMED_CHARS_MAX } from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";
import { describe, expect, test } from "vitest";
import { contentParts } from "./content.ts";
import { messages } from "./messages.ts";
import { providerOf } from "./provider.ts";

describe("content blocks", () => {
  test("become parts; media keep type and size, not their bytes", () => {
    const source = { type: "base64", media_type: "image/png", data: "AAAA" };
    expect(
      contentParts([
        { type: "thinking", thinking: "hm", signature: "s" },
        { type: "image", source },
        { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
        { type: "server_tool_use", id: "s1", name: "web_search", input: { query: "x" } },
        {
          type: "web_search_tool_result",
          tool_use_id: "s1",
          content: [{ type: "text", text: "y" }],
        },
        { type: "redacted_thinking", data: "secret" },
      ]),
    ).toEqual([
      { type: "reasoning", content: "hm" },
      { type: "blob", modality: "image", mime_type: "image/png", chars: 4 },
      { type: "uri", modality: "image", uri: "https://example.com/a.png" },
      { type: "tool_call", id: "s1", name: "web_search", arguments: { query: "x" } },
      { type: "tool_call_response", id: "s1", response: "y" },
      { type: "redacted_thinking" },
    ]);
  });

  test("of any shape are survived", () => {
    for (const content of [undefined, null, 1, {}, [null, 1, {}, { type: 3 }]]) {
      expect(() => contentParts(content)).not.toThrow();
    }
  });
});

test("content is left out where it is not wanted", () => {
  const body = { messages: [{ role: "user", content: "secret" }], system: "secret", top_k: 3 };
  expect(messages.request(body, false)).toEqual({ [OTEL.genAiRequestTopK]: 3 });
  const result = { content: [{ type: "text", text: "secret" }], stop_reason: "max_tokens" };
  expect(JSON.stringify(messages.response(result, false))).not.toContain("secret");
});

test.each([
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["tool_use", "tool_call"],
  ["refusal", "content_filter"],
  ["pause_turn", "pause_turn"],
])("the stop reason %s is %s", (stop_reason, reason) => {
  const attributes = messages.response({ stop_reason }, false);
  expect(attributes[OTEL.genAiResponseFinishReasons]).toEqual([reason]);
});

describe("the collector of a stream", () => {
  test("has no count of output tokens before the model stops", () => {
    const collector = messages.collector();
    const usage = { input_tokens: 5, output_tokens: 1 };
    collector.add({ type: "message_start", message: { id: "m", usage } });
    expect(collector.result()?.usage).toEqual({ input_tokens: 5, output_tokens: undefined });
    const delta = { stop_reason: "end_turn" };
    const total = { output_tokens: 9, input_tokens: null };
    collector.add({ type: "message_delta", delta, usage: total });
    expect(collector.result()?.usage).toEqual({ input_tokens: 5, output_tokens: 9 });
  });

  test("stops collecting text at its limit", () => {
    const collector = messages.collector();
    collector.add({ type: "message_start", message: {} });
    collector.add({ type: "content_block_start", index: 0, content_block: { type: "text" } });
    const text = "x".repeat(STREAMED_CHARS_MAX / 2 + 1);
    for (let delta = 0; delta < 4; delta += 1) {
      const event = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } };
      collector.add(event);
    }
    const [block] = jsonList(collector.result()?.content);
    expect(block?.text).toHaveLength(STREAMED_CHARS_MAX);
  });

  test("survives events of any shape", () => {
    const collector = messages.collector();
    for (const event of [null, 1, {}, { type: "message_start" }, { type: "content_block_delta" }]) {
      expect(() => collector.add(event)).not.toThrow();
    }
    expect(collector.result()).toBeUndefined();
  });
});

test.each([
  ["Anthropic", "anthropic"],
  ["AnthropicBedrock", "aws.bedrock"],
  ["AnthropicVertex", "gcp.vertex_ai"],
])("a client of class %s talks to %s", (name, provider) => {
  const client = { constructor: { name } };
  expect(providerOf(client)).toBe(provider);
});
