/** Goal: the SDK's messages become the conventions' parts. Method: messages as applications write them. */
import { expect, test } from "vitest";
import { inputMessages, instructionParts, outputMessage, toolDefinitions } from "./messages.ts";

test("media are kept by address, or by type and size alone", () => {
  const content = [
    { type: "text", text: "What is it?" },
    { type: "file", data: new URL("https://example.com/a.png"), mediaType: "image/png" },
    { type: "file", data: "QUFB", mediaType: "application/pdf" },
    { type: "image", image: new Uint8Array(5), mediaType: "image/png" },
  ];
  expect(inputMessages([{ role: "user", content }])[0]?.parts).toEqual([
    { type: "text", content: "What is it?" },
    { type: "uri", modality: "image", uri: "https://example.com/a.png" },
    { type: "blob", modality: "application", mime_type: "application/pdf", chars: 4 },
    { type: "blob", modality: "image", mime_type: "image/png", bytes: 5 },
  ]);
});

test("a tool's answer is its value, in messages and in responses", () => {
  const answer = (output: unknown) => [{ type: "tool-result", toolCallId: "c", output }];
  const messages = [
    { role: "tool", content: answer({ type: "json", value: { a: 1 } }) },
    { role: "tool", content: answer({ type: "execution-denied", reason: "no" }) },
    { role: "tool", content: answer("plain") },
  ];
  const responses = inputMessages(messages).map(({ parts }) => parts[0]?.response);
  expect(responses).toEqual([{ a: 1 }, { type: "execution-denied", reason: "no" }, "plain"]);
});

test("what the SDK adds for approvals is no answer of the model", () => {
  const content = [
    { type: "reasoning", text: "hm" },
    { type: "tool-approval-request", approvalId: "a" },
  ];
  expect(outputMessage(content, "stop")).toEqual({
    role: "assistant",
    parts: [{ type: "reasoning", content: "hm" }],
    finish_reason: "stop",
  });
});

test.each([null, undefined, 1, "x", [null], [{}], { role: 1 }])("%j is survived", (value) => {
  expect(() => [
    inputMessages(value),
    instructionParts(value),
    toolDefinitions(value),
  ]).not.toThrow();
});
