/**
 * Goal: the same request has the same digest, any other another one, on both ways of making it.
 * Method: every fact changed, every place of a body, both sides of the size where the way changes.
 */
import { expect, test } from "vitest";
import { createRequestDigest, TAG_SIZE_MIN_BYTES } from "./request-digest.ts";

const key = new Uint8Array(32).fill(7);
const FACTS = ["default", "traces", "grpc", "protobuf"];
const SIZES = [0, 1, TAG_SIZE_MIN_BYTES - 1, TAG_SIZE_MIN_BYTES, TAG_SIZE_MIN_BYTES + 17];

const bodyOf = (size: number) => Uint8Array.from({ length: size }, (_, index) => index % 251);

test.each(SIZES)("the same request of %i bytes has one digest, whoever asks", (size) => {
  const digest = createRequestDigest(key)(FACTS, bodyOf(size));
  expect(digest).toHaveLength(32);
  expect(createRequestDigest(Uint8Array.from(key))(FACTS, bodyOf(size))).toEqual(digest);
});

test.each(SIZES)("another fact or another key is another request of %i bytes", (size) => {
  const digests = [
    createRequestDigest(key)(FACTS, bodyOf(size)),
    createRequestDigest(new Uint8Array(32).fill(8))(FACTS, bodyOf(size)),
    ...FACTS.map((fact, changed) =>
      createRequestDigest(key)(
        FACTS.map((other, index) => (index === changed ? `${fact}x` : other)),
        bodyOf(size),
      ),
    ),
    createRequestDigest(key)(["default", "traces", "grpcprotobuf", ""], bodyOf(size)),
  ].map((digest) => digest.toString("hex"));
  expect(new Set(digests).size).toBe(digests.length);
});

test("a body that is changed, cut or longer has another digest", () => {
  const digestOf = createRequestDigest(key);
  const seen = new Set<string>();
  let bodies = 0;
  for (const size of [64, TAG_SIZE_MIN_BYTES, TAG_SIZE_MIN_BYTES + 1, TAG_SIZE_MIN_BYTES + 16]) {
    const body = bodyOf(size);
    for (const at of [undefined, 0, 15, 16, size - 1]) {
      const changed = Uint8Array.from(body);
      if (at !== undefined) changed[at] = (changed[at] as number) ^ 1;
      seen.add(digestOf(FACTS, changed).toString("hex"));
      bodies += 1;
    }
    const zeros = new Uint8Array(size);
    seen.add(digestOf(FACTS, zeros).toString("hex"));
    bodies += 1;
  }
  expect(seen.size).toBe(bodies);
});
