/**
 * Goal: the catalogue keeps its own rules. Method: every query's SQL is read as text; that each
 * one runs is shown by the API's tests, on the engine.
 */
import { readFileSync } from "node:fs";
import { BATCH_TABLES, VIEWS } from "@spanledger/schema";
import { describe, expect, test } from "vitest";
import { QUERIES } from "./catalogue.ts";
import { PAGE_ROWS_MAX } from "./types.ts";

test("names are unique and made of words with hyphens", () => {
  const names = QUERIES.map((query) => query.name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
});

test("the README lists each with its question and parameters", () => {
  const text = readFileSync(new URL("README.md", import.meta.url), "utf8");
  const readme = text.replaceAll(/ +/g, " ");
  for (const { name, question, parameters } of QUERIES) {
    const listed = parameters.map((p) => (p.required ? `**${p.name}**` : p.name)).join(", ");
    expect(readme).toContain(`| \`${name}\` | ${question} | ${listed} |`);
  }
});

describe.each(QUERIES.map((query) => [query.name, query] as const))("%s", (_, query) => {
  test("reads audit views only", () => {
    const sources = [...query.sql.matchAll(/(?:\bFROM|(?<!ARRAY )\bJOIN)\s+(\w+)/g)].map(
      (match) => match[1],
    );
    const views: readonly string[] = Object.values(VIEWS);
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      expect(source).toMatch(/^audit_/);
      expect(views).toContain(source);
    }
    for (const table of BATCH_TABLES) expect(sources).not.toContain(table.name);
  });

  test("binds the workspace of every view it reads, the page size, and exactly its parameters", () => {
    const bound = new Set([...query.sql.matchAll(/\{(\w+):\w+\}/g)].map((match) => match[1]));
    const declared = query.parameters.map((parameter) => parameter.name);
    expect([...bound].toSorted()).toEqual(["limit", "workspace", ...declared].toSorted());
    const reads = query.sql.match(/\bFROM audit_/g)?.length;
    expect(query.sql.match(/WorkspaceId = \{workspace:String\}/g)?.length).toBe(reads);
  });

  test("has a page within the maximum, and a default for each optional parameter", () => {
    expect(query.defaultLimit).toBeGreaterThan(0);
    expect(query.defaultLimit).toBeLessThanOrEqual(PAGE_ROWS_MAX);
    for (const parameter of query.parameters) {
      expect(parameter.default === null).toBe(parameter.required);
    }
  });
});
