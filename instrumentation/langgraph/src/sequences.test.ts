/** Goal: what is remembered of threads is right and bounded. Method: one thread more than it holds. */
import { expect, test } from "vitest";
import { LastSignatures, SequencesInMemory } from "./sequences.ts";

test("sequences are kept by thread and namespace, and forgotten by thread", () => {
  const sequences = new SequencesInMemory();
  sequences.set("t-1", "", 3);
  sequences.set("t-1", "sub:1", 1);
  sequences.set("t-2", "", 7);
  sequences.forget("t-1");
  const seen = [sequences.get("t-1", ""), sequences.get("t-1", "sub:1"), sequences.get("t-2", "")];
  expect(seen).toEqual([undefined, undefined, 7]);
});

test("of too many threads or namespaces the one used longest ago is forgotten", () => {
  const sequences = new SequencesInMemory();
  for (let at = 0; at < 10_000; at += 1) sequences.set(`t-${at}`, "", 1);
  sequences.set("t-0", "", 2);
  sequences.set("one more", "", 1);
  expect([sequences.get("t-0", ""), sequences.get("t-1", ""), sequences.get("t-2", "")]).toEqual([
    2,
    undefined,
    1,
  ]);
  for (let at = 0; at < 1_001; at += 1) sequences.set("wide", `n-${at}`, 1);
  expect([sequences.get("wide", "n-0"), sequences.get("wide", "n-1")]).toEqual([undefined, 1]);
});

test("the last signature is that of one checkpoint only", () => {
  const last = new LastSignatures();
  const place = { thread: "t-1", namespace: "", id: "c-1" };
  expect(last.of(place)).toBeUndefined();
  last.keep(place, "signature");
  expect(last.of(place)).toBe("signature");
  expect(last.of({ ...place, id: "c-2" })).toBeUndefined();
  expect(last.of({ ...place, namespace: "sub" })).toBeUndefined();
});
