/**
 * Goal: an application that calls a model does not notice us, whatever it passes in and however it
 * takes the answer. Method: the libraries' documented ways to use them, and hostile inputs, each run
 * on a patched and on an unpatched copy of the real package; both must end the same.
 */
import { createRequire } from "node:module";
import Anthropic from "@anthropic-ai/sdk";
import AnthropicPatched from "@anthropic-ai/sdk-0.133";
import type { Span } from "@opentelemetry/sdk-trace";
import {
  AnthropicInstrumentation,
  AnthropicSpanProcessor,
} from "@spanledger/instrumentation-anthropic";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AnthropicServer, startAnthropicServer } from "./anthropic-server.ts";
import { hostileBodies } from "./hostile-bodies.ts";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { OPENAI_VERSIONS_TESTED, type OpenAIClass, patchAll } from "./openai-versions.ts";
import { record } from "./spans.ts";

/** Whether the application's own span processor throws. */
const broken = { start: false, end: false };
let ended = 0;
const recording = record(new AnthropicSpanProcessor(), {
  onStart: (_: Span) => {
    if (broken.start) throw new RangeError("a processor that throws");
  },
  onEnd: () => {
    ended += 1;
    if (broken.end) throw new RangeError("a processor that throws");
  },
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
});
const require = createRequire(import.meta.url);
/** Below 0.134 we record, from then on the SDK does. */
const ANTHROPIC_VERSIONS_TESTED = [
  { name: "@anthropic-ai/sdk-0.133", Patched: AnthropicPatched as unknown as typeof Anthropic },
  { name: "@anthropic-ai/sdk", Patched: Anthropic },
].map(({ name, Patched }) => ({
  name,
  Patched,
  Plain: (require(name) as { default: typeof Anthropic }).default,
}));
patchAll();
const instrumentation = new AnthropicInstrumentation();
for (const { Patched } of ANTHROPIC_VERSIONS_TESTED) {
  instrumentation.manuallyInstrument({ Anthropic: Patched });
}

let openai: OpenAIServer;
let anthropic: AnthropicServer;
beforeAll(async () => {
  openai = await startOpenAIServer();
  anthropic = await startAnthropicServer();
});
afterAll(async () => {
  instrumentation.disable();
  await openai.close();
  await anthropic.close();
});
beforeEach(() => {
  broken.start = false;
  broken.end = false;
  ended = 0;
  recording.reset();
});

const BODY = { model: "gpt-x", messages: [{ role: "user" as const, content: "Hello" }] };
type Client = InstanceType<OpenAIClass>;

/** What the library's own documentation shows, and what applications do with it. */
const USES: readonly (readonly [string, (client: Client, Class: OpenAIClass) => unknown])[] = [
  ["awaiting a completion", (client) => client.chat.completions.create(BODY)],
  [
    "awaiting a response",
    async (client) => {
      const response = await client.responses.create({ model: "gpt-x", input: "Hello" });
      return [response.output_text, response._request_id];
    },
  ],
  [
    "awaiting one promise twice",
    async (client) => {
      const promise = client.chat.completions.create(BODY);
      const [first, second] = [await promise, await promise];
      return first === second;
    },
  ],
  [
    "then, catch and finally",
    (client) => {
      const seen: string[] = [];
      return client.chat.completions
        .create(BODY)
        .finally(() => seen.push("finally"))
        .then(({ id }) => [...seen, id])
        .catch(() => "never");
    },
  ],
  [
    "the response with its data",
    async (client) => {
      const { data, response, ...rest } = await client.chat.completions.create(BODY).withResponse();
      return { id: data.id, status: response.status, used: response.bodyUsed, ...rest };
    },
  ],
  [
    "the raw response",
    async (client) => {
      const response = await client.chat.completions.create(BODY).asResponse();
      const unread = response.bodyUsed;
      return { unread, body: await response.json(), type: response.headers.get("content-type") };
    },
  ],
  [
    "an error by its class",
    (client, Class) =>
      client.chat.completions.create({ ...BODY, model: "gpt-refused" }).catch((error: unknown) => {
        if (!(error instanceof Class.APIError)) throw error;
        return [error.name, error.status, error.message, error.type, error.requestID];
      }),
  ],
  [
    "a request that is aborted before it is sent",
    (client) => client.chat.completions.create(BODY, { signal: AbortSignal.abort() }),
  ],
  [
    "nobody at the address",
    (client) =>
      client.withOptions({ baseURL: "http://127.0.0.1:1", maxRetries: 1 }).embeddings.create({
        model: "embed-x",
        input: "Hello",
      }),
  ],
  ["an embedding", (client) => client.embeddings.create({ model: "embed-x", input: ["a", "b"] })],
  [
    "a stream that is read",
    async (client) => {
      const stream = await client.chat.completions.create({ ...BODY, stream: true });
      return { name: stream.constructor.name, chunks: await collect(stream) };
    },
  ],
  [
    "a stream that is read twice",
    async (client) => {
      const stream = await client.chat.completions.create({ ...BODY, stream: true });
      await collect(stream);
      return collect(stream);
    },
  ],
  [
    "a stream that is left",
    async (client) => {
      const stream = await client.chat.completions.create({ ...BODY, stream: true });
      let last = "";
      for await (const chunk of stream) {
        last = chunk.id;
        break;
      }
      return [last, stream.controller.signal.aborted];
    },
  ],
  [
    "a stream that breaks",
    async (client) => {
      const body = { ...BODY, model: "gpt-breaks", stream: true as const };
      return collect(await client.chat.completions.create(body));
    },
  ],
  [
    "a stream as text",
    async (client) => {
      const stream = await client.chat.completions.create({ ...BODY, stream: true });
      return new Response(stream.toReadableStream()).text();
    },
  ],
  [
    "a stream whose reader throws",
    async (client) => {
      const stream = await client.chat.completions.create({ ...BODY, stream: true });
      for await (const _ of stream) throw new RangeError("mine");
    },
  ],
  [
    "the events of a streamed completion",
    async (client) => {
      const seen: string[] = [];
      const runner = client.chat.completions
        .stream(BODY)
        .on("connect", () => seen.push("connect"))
        .on("content", (delta) => seen.push(delta))
        .on("end", () => seen.push("end"));
      return [await runner.finalContent(), seen];
    },
  ],
];

describe.each(OPENAI_VERSIONS_TESTED)("an application of openai $version", (library) => {
  const both = async (use: (client: Client, Class: OpenAIClass) => unknown): Promise<unknown[]> =>
    Promise.all(
      [library.OpenAI, library.Plain].map((Class) => {
        const client = new Class({ apiKey: "unused", baseURL: openai.baseUrl });
        return settled(async () => use(client, Class));
      }),
    );

  test("is compared with one that records nothing", async () => {
    const client = new library.Plain({ apiKey: "unused", baseURL: openai.baseUrl });
    await client.chat.completions.create(BODY);
    expect(recording.spans()).toEqual([]);
  });

  test.each(USES)("gets by %s what it gets without us", async (_, use) => {
    const [ours, theirs] = await both(use);
    expect(ours).toEqual(theirs);
    await expect.poll(() => recording.spans().length).toBe(1);
  });

  test.each(hostileBodies())("is not hurt by %s", async (_, make) => {
    const [ours, theirs] = await both((client) =>
      client.chat.completions.create(make() as typeof BODY),
    );
    expect(ours).toEqual(theirs);
  });

  test.each(["start", "end"] as const)(
    "is not hurt by a span that throws at its %s",
    async (when) => {
      broken[when] = true;
      const [ours, theirs] = await both(async (client) => {
        const stream = await client.chat.completions.create({ ...BODY, stream: true });
        const response = await client.chat.completions.create(BODY).asResponse();
        return [await collect(stream), response.status];
      });
      expect(ours).toEqual(theirs);
      // A span that did not begin has no end; the raw response's ends a little later.
      await expect.poll(() => ended).toBe(when === "start" ? 0 : 2);
    },
  );
});

describe.each(ANTHROPIC_VERSIONS_TESTED)("an application of $name", ({ Patched, Plain }) => {
  const both = async (body: () => unknown): Promise<unknown[]> =>
    Promise.all(
      [Patched, Plain].map((Class) => {
        const client = new Class({ apiKey: "unused", baseURL: anthropic.baseUrl });
        return settled(async () => {
          const result: unknown = await client.messages.create(body() as never);
          return Symbol.asyncIterator in (result as object)
            ? collect(result as AsyncIterable<unknown>)
            : result;
        });
      }),
    );

  test.each([
    ["a message", () => ({ ...BODY, max_tokens: 9 })],
    ["a stream", () => ({ ...BODY, max_tokens: 9, stream: true })],
    [
      "a stream that breaks",
      () => ({ ...BODY, model: "claude-breaks", max_tokens: 9, stream: true }),
    ],
    ["a refusal", () => ({ ...BODY, model: "claude-refused", max_tokens: 9 })],
    ...hostileBodies(),
  ])("gets for %s what it gets without us", async (_, body) => {
    const [ours, theirs] = await both(body);
    expect(ours).toEqual(theirs);
  });
});

async function collect(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** How something ends, so that two can be compared. */
async function settled(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return { returned: await run() };
  } catch (error) {
    if (!(error instanceof Error)) return { threw: error };
    return { name: error.constructor.name, message: error.message };
  }
}
