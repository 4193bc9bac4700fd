/** Goal: whatever LangChain takes for messages becomes messages of the conventions. */
import { expect, test } from "vitest";
import { inputMessages, messageOf } from "./messages.ts";

const text = (content: string) => ({ type: "text", content });

test.each([
  ["Hello", [{ role: "user", parts: [text("Hello")] }]],
  [[["human", "Hello"]], [{ role: "user", parts: [text("Hello")] }]],
  [[{ role: "developer", content: "Be kind" }], [{ role: "system", parts: [text("Be kind")] }]],
  [[{ getType: () => "ai", content: "Hi" }], [{ role: "assistant", parts: [text("Hi")] }]],
  [
    { toChatMessages: () => [{ type: "system", content: "s" }] },
    [{ role: "system", parts: [text("s")] }],
  ],
  [undefined, []],
  [{}, []],
])("%j is read as messages", (input, messages) => {
  expect(inputMessages(input)).toEqual(messages);
});

test("a tool's answer keeps the id of its call", () => {
  const message = { type: "tool", tool_call_id: "c1", content: "order 7" };
  expect(messageOf(message)).toEqual({
    role: "tool",
    parts: [{ type: "tool_call_response", id: "c1", response: "order 7" }],
  });
});

test("a call of a tool is told once, also where the content holds it too", () => {
  const message = {
    type: "ai",
    content: [
      { type: "text", text: "I look" },
      { type: "tool_use", id: "c1", name: "look", input: { id: 7 } },
    ],
    tool_calls: [{ id: "c1", name: "look", args: { id: 7 } }],
  };
  expect(messageOf(message).parts).toEqual([
    text("I look"),
    { type: "tool_call", id: "c1", name: "look", arguments: { id: 7 } },
  ]);
});

test("media are kept by address or by size, thoughts as reasoning", () => {
  const content = [
    { type: "image_url", image_url: { url: "https://shop.example/7.png" } },
    { type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(100)}` } },
    { type: "thinking", thinking: "hm" },
    { type: "audio", data: "…" },
  ];
  expect(messageOf({ type: "human", content }).parts).toEqual([
    { type: "uri", modality: "image", uri: "https://shop.example/7.png" },
    { type: "blob", modality: "image", chars: 122 },
    { type: "reasoning", content: "hm" },
    { type: "audio" },
  ]);
});
