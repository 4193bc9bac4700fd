/**
 * Goal: messages are put together byte by byte as they were sent, however their pieces are cut, and
 * while one arrives it is in memory once.
 * Method: framed messages in pieces of every size; what Node says that buffers take.
 */
import { expect, test } from "vitest";
import { YoungGarbage } from "../base/young-garbage.ts";
import { MESSAGE_HEAD_BYTES, MessageDecoder } from "./grpc-message.ts";

const SIZE_MAX_BYTES = 67_108_864;
const MIB = 1_048_576;
const PIECE_BYTES = 16_384;

const decoderOf = (sizeMaxBytes = SIZE_MAX_BYTES): MessageDecoder =>
  new MessageDecoder(sizeMaxBytes, new YoungGarbage(8 * MIB));

function frame(body: Buffer, flag = 0): Buffer {
  const head = Buffer.alloc(MESSAGE_HEAD_BYTES);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

test("messages come out as they went in, wherever they are cut", () => {
  const sent = [
    frame(Buffer.from("first")),
    frame(Buffer.alloc(0)),
    frame(Buffer.alloc(300, 7), 1),
    frame(Buffer.from("x")),
  ];
  const all = Buffer.concat(sent);
  for (let pieceBytes = 1; pieceBytes <= all.length; pieceBytes += 1) {
    const decoder = decoderOf();
    const got: Buffer[] = [];
    for (let at = 0; at < all.length; at += pieceBytes) {
      got.push(...decoder.write(all.subarray(at, at + pieceBytes)));
    }
    expect(got, `pieces of ${pieceBytes}`).toEqual(sent);
  }
});

test("a message does not lie in the memory of what it came in", () => {
  const piece = frame(Buffer.from("hello"));
  const [message] = decoderOf().write(piece);
  piece.fill(0);
  expect(message?.subarray(MESSAGE_HEAD_BYTES).toString()).toBe("hello");
});

test("a message that is too large is refused by its head alone", () => {
  const head = Buffer.from([0, 0, 0, 0, 11]);
  expect(decoderOf(11).write(head)).toEqual([]);
  expect(() => decoderOf(10).write(head)).toThrow(
    "the message takes 11 bytes, more than 10; send smaller batches",
  );
});

test("what came of a message that nobody waits for is given back, and the next one is whole", () => {
  const decoder = decoderOf();
  const large = frame(Buffer.alloc(2 * MIB));
  decoder.write(large.subarray(0, MIB));
  const before = process.memoryUsage().arrayBuffers;
  decoder.discard();
  expect(before - process.memoryUsage().arrayBuffers).toBeGreaterThan(2 * MIB - 1);
  expect(decoder.write(frame(Buffer.from("next")))).toEqual([frame(Buffer.from("next"))]);
});

test("pieces are given back while their message arrives", async () => {
  const decoder = decoderOf();
  const before = process.memoryUsage().arrayBuffers;
  const held = (): number => process.memoryUsage().arrayBuffers - before;
  const sizeBytes = 60 * MIB;
  const head = Buffer.alloc(MESSAGE_HEAD_BYTES);
  head.writeUInt32BE(sizeBytes, 1);
  decoder.write(head);
  let sentBytes = 0;
  const send = (): Buffer[] => {
    sentBytes += PIECE_BYTES;
    return decoder.write(Buffer.allocUnsafeSlow(PIECE_BYTES).fill(1));
  };
  while (sentBytes < sizeBytes - PIECE_BYTES) send();
  await expect.poll(held).toBeLessThan(sizeBytes + 20 * MIB);
  const [message] = send();
  expect(message?.length).toBe(MESSAGE_HEAD_BYTES + sizeBytes);
});
