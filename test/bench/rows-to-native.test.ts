/**
 * Goal: rows arrive the same, whether they are inserted as RowBinary or as Native blocks made of them.
 * Method: rows with every column set, into the shipped tables on the real engine as Native;
 * ClickHouse gives them back as RowBinary, and the bytes are compared with the rows.
 */
import { BATCH_TABLES } from "@spanledger/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ask } from "../../bench/src/engine-batches.ts";
import { NativeBlocks } from "../../bench/src/rows-to-native.ts";
import { encodeRows } from "../../receiver/src/store/row-binary.ts";
import { startTestEngine, type TestEngine } from "../fixtures/engine.ts";
import { batchOf } from "../fixtures/rows.ts";

let on: TestEngine;
beforeAll(async () => {
  on = await startTestEngine({ migrated: true });
});
afterAll(() => on?.stop());

const attributes = {
  "workflow.run.id": "01J00000000000000000000001",
  "gen_ai.operation.name": "invoke_workflow",
  "gen_ai.input.messages": "é".repeat(40_000),
  "workflow.tags": ["a", "b"],
  "workflow.decision.options": ["left", "right"],
};
const events = [{ timeNs: 5n, name: "one", attributes: new Map([["k", "v"]]) }];
const rows = batchOf(
  { name: "run", attributes, more: { events: [...events, ...events] } },
  {
    name: "evaluate_branch x",
    attributes: { "workflow.decision.name": "x", "workflow.decision.confidence": 0.5 },
  },
  { name: "evaluate_branch y", attributes: { "workflow.decision.name": "y" } },
  { name: "plain", more: { statusCode: "Error", statusMessage: "no" } },
  {
    name: "invoke_workflow w",
    attributes: { "gen_ai.operation.name": "invoke_workflow", "workflow.run.id": "r" },
  },
);

test.each(BATCH_TABLES.map((table) => [table.name, table] as const))(
  "rows of %s come back byte by byte",
  async (name, table) => {
    const sent = Buffer.from(encodeRows(table, rows[name] as never).bytes);
    expect(rows[name].length).toBeGreaterThan(0);
    const block = Buffer.concat([...new NativeBlocks(table.columns).block(sent)]);
    const columns = Object.keys(table.columns)
      .map((column) => `\`${column}\``)
      .join(", ");
    await ask(
      on.engine.url,
      `INSERT INTO spanledger.${name} (${columns}) FORMAT Native`,
      {},
      block,
    );
    const back = await ask(
      on.engine.url,
      `SELECT ${columns} FROM spanledger.${name} ORDER BY Row FORMAT RowBinary`,
    );
    expect(back.equals(sent)).toBe(true);
  },
);
