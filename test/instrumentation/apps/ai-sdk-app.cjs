// One question to a model through the AI SDK, streamed; the caller hands in what it loaded.
exports.run = async ({ streamText, createOpenAI, workflow, step }) => {
  const openai = createOpenAI({ apiKey: "unused", baseURL: process.env.OPENAI_BASE_URL });
  const text = await workflow({ id: "ask", name: "ask" }, () =>
    step("answer", async () => {
      const result = streamText({ model: openai.chat("gpt-x"), prompt: "Hello" });
      let answer = "";
      for await (const part of result.textStream) answer += part;
      return answer;
    }),
  );
  process.stdout.write(`${text}\n`);
};
