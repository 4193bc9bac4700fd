/**
 * Goal: `clickhouse-go` over HTTP, which is how Grafana's data source talks, works against the
 * embedded engine as against a server.
 * Method: a Go program inserts and selects through Native and prints what it got.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isSkipped, pathOf, prepareGo, report } from "./peers.ts";
import { EXTERNAL_URL, startTestServer, type TestServer } from "./server.ts";

const program = await prepareGo(join(import.meta.dirname, "go"));

describe.skipIf(isSkipped(program))("clickhouse-go", () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
  });

  afterAll(async () => {
    await server?.stop();
  });

  function run(compression: string): Promise<Record<string, unknown>> {
    const { username, password, database, url } = server;
    const parameters = [new URL(url).host, database, compression, username, password];
    return report(pathOf(program), parameters);
  }

  test.each(["none", "gzip"])("inserts and selects Native with %s", async (compression) => {
    const at = "2026-02-03T04:05:06.12345678";
    expect(await run(compression)).toEqual({
      serverName: EXTERNAL_URL === undefined ? "spanledger" : expect.any(String),
      rows: [
        {
          id: 1,
          name: "first",
          level: "info",
          note: "ein Hinweis",
          tags: ["a", "b"],
          attrs: { k: "v" },
          at: `${at}9Z`,
          pairs: [[1, 2], []],
          duration: 1.5,
        },
        {
          id: 2,
          name: "zweite ü",
          level: "error",
          note: null,
          tags: [],
          attrs: {},
          at: "2026-02-03T04:05:06.12345679Z",
          pairs: [],
          duration: -0.25,
        },
      ],
      parameter: "it's",
      manyRows: 200_000,
      errorCode: 60,
      timedOut: true,
      rowsWritten: 2,
    });
  });

  test.skipIf(EXTERNAL_URL !== undefined)("is told what to do when it asks for lz4", async () => {
    const failed = await run("lz4").then(
      () => "",
      (error: { stderr?: string }) => error.stderr ?? "",
    );
    expect(failed).toContain("set the client's compression to gzip or none");
  });
});
