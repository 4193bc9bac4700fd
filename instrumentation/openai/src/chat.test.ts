/** Goal: the wire protocol becomes the conventions' attributes. Method: bodies as on the wire. */
import { STREAMED_CHARS_MAX } from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";
import { describe, expect, test } from "vitest";
import { chat } from "./chat.ts";
import { inputMessage } from "./messages.ts";
import { responses } from "./responses.ts";

describe("input messages", () => {
  test("keep images by address, and inline images by type and size alone", () => {
    const content = [
      { type: "text", text: "What is it?" },
      { type: "image_url", image_url: { url: "https://example.com/a.png" } },
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
    ];
    expect(inputMessage({ role: "user", content }).parts).toEqual([
      { type: "text", content: "What is it?" },
      { type: "uri", modality: "image", uri: "https://example.com/a.png" },
      { type: "blob", modality: "image", mime_type: "image/png", chars: 26 },
    ]);
  });

  test("keep arguments that are no JSON as text", () => {
    const tool_calls = [{ id: "c", type: "function", function: { name: "f", arguments: "{bad" } }];
    expect(inputMessage({ role: "assistant", tool_calls }).parts).toEqual([
      { type: "tool_call", id: "c", name: "f", arguments: "{bad" },
    ]);
  });
});

describe("content", () => {
  test("is left out where it is not wanted", () => {
    const body = { messages: [{ role: "user", content: "secret" }], tools: [{ name: "t" }], n: 2 };
    expect(chat.request(body, false)).toEqual({ [OTEL.genAiRequestChoiceCount]: 2 });
    const choices = [{ message: { content: "secret" }, finish_reason: "stop" }];
    expect(chat.response({ choices }, false)).toEqual({
      [OTEL.genAiResponseFinishReasons]: ["stop"],
    });
  });
});

describe("the collector of a stream", () => {
  test("puts tool calls together by their index", () => {
    const collector = chat.collector();
    const delta = (call: object): void =>
      collector.add({ id: "x", choices: [{ index: 0, delta: { tool_calls: [call] } }] });
    delta({ index: 0, id: "c1", function: { name: "a", arguments: '{"x"' } });
    delta({ index: 1, id: "c2", function: { name: "b", arguments: "{}" } });
    delta({ index: 0, function: { arguments: ":1}" } });
    const { choices } = collector.result() as { choices: { message: object }[] };
    const [choice] = choices;
    expect(choice?.message).toMatchObject({
      tool_calls: [
        { id: "c1", function: { name: "a", arguments: '{"x":1}' } },
        { id: "c2", function: { name: "b", arguments: "{}" } },
      ],
    });
  });

  test("stops collecting text at its limit", () => {
    const collector = chat.collector();
    const half = "x".repeat(STREAMED_CHARS_MAX / 2 + 1);
    for (let chunk = 0; chunk < 4; chunk += 1) {
      collector.add({ choices: [{ index: 0, delta: { content: half } }] });
    }
    const { choices } = collector.result() as { choices: { message: { content: string } }[] };
    const [choice] = choices;
    expect(choice?.message.content).toHaveLength(STREAMED_CHARS_MAX);
  });

  test("survives events of any shape", () => {
    const collector = chat.collector();
    for (const event of [null, 1, "x", [], {}, { choices: 1 }, { choices: [{ delta: null }] }]) {
      expect(() => collector.add(event)).not.toThrow();
    }
  });
});

describe("a response's finish reason", () => {
  test.each([
    [{ status: "completed", output: [] }, "stop"],
    [{ status: "completed", output: [{ type: "function_call", name: "f" }] }, "tool_call"],
    [{ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } }, "length"],
    [{ status: "incomplete", incomplete_details: { reason: "content_filter" } }, "content_filter"],
    [{ status: "failed" }, "error"],
  ])("of %j is %s", (result, reason) => {
    expect(responses.response(result, false)[OTEL.genAiResponseFinishReasons]).toEqual([reason]);
  });
});
