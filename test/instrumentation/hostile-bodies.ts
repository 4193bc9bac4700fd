/** Requests to models that no application should send, and some do. */
const messages = [{ role: "user" as const, content: "Hello" }];
const BODY = { model: "gpt-x", messages };

/** What each is, and a function that makes it anew. */
export function hostileBodies(): [string, () => unknown][] {
  const large = "x".repeat(5_000_000);
  return [
    ["no body", () => undefined],
    ["a body that is text", () => "body"],
    ["a body without a model", () => ({ messages, max_tokens: 9 })],
    [
      "a cycle",
      () => {
        const body: Record<string, unknown> = { ...BODY, max_tokens: 9 };
        body.metadata = body;
        return body;
      },
    ],
    [
      "a cyclic message",
      () => {
        const content: unknown[] = [];
        content.push({ type: "text", text: content });
        return { ...BODY, max_tokens: 9, messages: [{ role: "user", content }] };
      },
    ],
    ["a big integer", () => ({ ...BODY, max_tokens: 9, seed: 1n })],
    [
      "a property that throws",
      () => ({
        ...BODY,
        max_tokens: 9,
        get temperature(): number {
          throw new RangeError("boom");
        },
      }),
    ],
    [
      "messages that throw",
      () => ({
        model: "gpt-x",
        max_tokens: 9,
        get messages(): never {
          throw new RangeError("boom");
        },
      }),
    ],
    [
      "a huge message",
      () => ({
        ...BODY,
        max_tokens: 9,
        messages: [{ role: "user", content: large }],
      }),
    ],
    [
      "binary content",
      () => ({
        ...BODY,
        max_tokens: 9,
        messages: [{ role: "user", content: new Uint8Array(1_000) }],
      }),
    ],
    [
      "frozen objects",
      () => Object.freeze({ ...BODY, max_tokens: 9, messages: Object.freeze(messages) }),
    ],
    [
      "tools that are none",
      () => ({ ...BODY, max_tokens: 9, tools: [null, 1, { function: null }] }),
    ],
  ];
}
