/**
 * Goal: roots are those of RFC 6962.
 * Method: the leaves and roots of Certificate Transparency's test data (Google's certificate-transparency
 * project: eight leaves, published roots of every size), and the RFC's recursive definition.
 */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createFastJoiner, createPlainJoiner, JOINED_MAX } from "./join-pairs.ts";
import { MerkleTree } from "./tree.ts";

const LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];

/** Roots of the first one to eight of them. */
const ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const sha256 = (...parts: readonly Uint8Array[]): Buffer =>
  createHash("sha256").update(Buffer.concat(parts)).digest();
const leafOf = (hex: string): Buffer => sha256(Buffer.from([0]), Buffer.from(hex, "hex"));

/** RFC 6962, section 2.1, word for word. */
function byDefinition(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0] as Buffer;
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  return sha256(Buffer.from([1]), byDefinition(left), byDefinition(right));
}

describe("the root", () => {
  test("of no leaves is the hash of nothing", () => {
    expect(new MerkleTree().root().toString("hex")).toBe(sha256().toString("hex"));
  });

  test("of the published leaves is the published one at every size, also asked for in between", () => {
    const tree = new MerkleTree();
    for (const [index, leaf] of LEAVES.entries()) {
      tree.append(leafOf(leaf));
      expect([tree.size, tree.root().toString("hex")]).toEqual([index + 1, ROOTS[index]]);
    }
  });

  test("is the same however the leaves are cut, and as defined at every size up to 130", () => {
    const leaves = Array.from({ length: 130 }, (_, index) =>
      leafOf(index.toString(16).padStart(4, "0")),
    );
    for (let size = 1; size <= leaves.length; size += 1) {
      const own = leaves.slice(0, size);
      const tree = new MerkleTree();
      tree.append(Buffer.concat(own.slice(0, size >> 1)));
      tree.append(Buffer.concat(own.slice(size >> 1)));
      expect(tree.root().toString("hex"), `size ${size}`).toBe(byDefinition(own).toString("hex"));
    }
  });
});

describe("the joiners", () => {
  const fast = createFastJoiner();
  const joiners = [createPlainJoiner(), fast ?? createPlainJoiner()];

  test("are two: the engine knows the instructions of the fast one", () => {
    expect(fast).toBeDefined();
  });

  test.each([1, JOINED_MAX - 2, JOINED_MAX - 1, JOINED_MAX, 3 * JOINED_MAX + 5])(
    "give the defined root of %i leaves at once, after none and after others",
    (size) => {
      const leaves = Array.from({ length: size + 7 }, (_, index) =>
        sha256(Buffer.from(`leaf ${index}`)),
      );
      for (const joiner of joiners) {
        for (const before of [0, 1, 6, 7]) {
          const own = leaves.slice(0, before + size);
          const tree = new MerkleTree(joiner);
          tree.append(Buffer.concat(own.slice(0, before)));
          tree.append(Buffer.concat(own.slice(before)));
          expect(tree.size).toBe(own.length);
          expect(tree.root().toString("hex")).toBe(byDefinition(own).toString("hex"));
        }
      }
    },
  );

  test("keep the trees apart that they work for in turns", () => {
    const leaves = LEAVES.map(leafOf);
    for (const joiner of joiners) {
      const trees = [new MerkleTree(joiner), new MerkleTree(joiner)] as const;
      for (const [index, leaf] of leaves.entries()) {
        trees[0].append(leaf);
        trees[1].append(leaves[leaves.length - 1 - index] as Buffer);
      }
      expect(trees[0].root().toString("hex")).toBe(byDefinition(leaves).toString("hex"));
      expect(trees[1].root().toString("hex")).toBe(
        byDefinition(leaves.toReversed()).toString("hex"),
      );
    }
  });
});
