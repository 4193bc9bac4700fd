/** Goal: nothing of the user's settings leads the demo's data away. Method: plain values. */
import { expect, it } from "vitest";
import { childEnvironment } from "./environment.ts";

it("keeps what is needed to run and drops what leads elsewhere", () => {
  const base = {
    PATH: "/bin",
    SPANLEDGER_CLICKHOUSE_URL: "https://clickhouse.example",
    OTEL_TRACES_EXPORTER: "none",
    OPENAI_API_KEY: "a real one",
    LANGSMITH_TRACING: "true",
  };
  expect(childEnvironment(base, { OPENAI_API_KEY: "none" })).toEqual({
    PATH: "/bin",
    OPENAI_API_KEY: "none",
    no_proxy: "127.0.0.1,localhost",
    NO_PROXY: "127.0.0.1,localhost",
  });
});
