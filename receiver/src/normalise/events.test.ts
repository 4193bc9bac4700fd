/**
 * Goal: content that comes in span events goes where content goes, and the events stay without it.
 * Method: events as conventions and packages have them; results held whole, as JSON.
 */
import { expect, test } from "vitest";
import { normaliseSpan } from "./span.ts";
import { event, normalised, plain, span } from "./spans.test.helper.ts";

test("content of span events becomes attributes, and the events stay without it", () => {
  const result = normaliseSpan(
    span(
      { "gen_ai.operation.name": "chat" },
      {
        events: [
          event("gen_ai.system.message", { content: "Be brief", "gen_ai.system": "openai" }),
          event("gen_ai.user.message", { content: "Hi", role: "user" }),
          event("gen_ai.user.message", { "gen_ai.event.content": '{"content":"again"}' }),
          event("gen_ai.choice", {
            index: 0n,
            finish_reason: "stop",
            message: '{"role":"assistant","content":"Hello"}',
          }),
          event("gen_ai.unheard", { said: "what" }),
          event("exception", { "exception.message": "late" }),
        ],
      },
    ),
  );
  expect(result.events.map(({ name, attributes }) => [name, ...attributes.keys()])).toEqual([
    ["gen_ai.system.message", "gen_ai.system"],
    ["gen_ai.user.message"],
    ["gen_ai.user.message"],
    ["gen_ai.choice"],
    ["gen_ai.unheard"],
    ["exception", "exception.message"],
  ]);
  const content = (name: string): unknown => plain(result.attributes.get(name) ?? null);
  expect(content("gen_ai.system_instructions")).toEqual([{ type: "text", content: "Be brief" }]);
  expect(content("gen_ai.input.messages")).toEqual([
    { role: "user", parts: [{ type: "text", content: "Hi" }] },
    { role: "user", parts: [{ type: "text", content: "again" }] },
  ]);
  expect(content("gen_ai.output.messages")).toEqual([
    {
      role: "assistant",
      parts: [{ type: "text", content: "Hello" }],
      index: 0,
      finish_reason: "stop",
    },
  ]);
  expect(content("spanledger.original_content")).toEqual({
    events: [{ event: "gen_ai.unheard", said: "what" }],
  });
});

test("an event with the content of the whole call has it by its names", () => {
  const messages = '[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]';
  const details = "gen_ai.client.inference.operation.details";
  const result = normalised(
    {},
    { events: [event(details, { "gen_ai.input.messages": messages })] },
  );
  expect(result["gen_ai.input.messages"]).toEqual(JSON.parse(messages));
});

test("a prompt and a completion in events of their own are content", () => {
  const result = normalised(
    {},
    {
      events: [
        event("gen_ai.content.prompt", { "gen_ai.prompt": "Hi" }),
        event("gen_ai.content.completion", { "gen_ai.completion": "Hello" }),
      ],
    },
  );
  expect(result).toMatchObject({
    "gen_ai.input.messages": "Hi",
    "gen_ai.output.messages": "Hello",
  });
});
