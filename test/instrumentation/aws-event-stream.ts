/**
 * The framing in which AWS streams: `application/vnd.amazon.eventstream`.
 *
 * In: an event as JSON. Out: one message with its headers and checksums (AWS, "Amazon Transcribe
 * streaming: event stream encoding"; the same for Bedrock's InvokeModelWithResponseStream).
 */
import { crc32 } from "node:zlib";

export const AWS_EVENT_STREAM = "application/vnd.amazon.eventstream";

/** Type of a header's value: text, after its length in two bytes. */
const TEXT = 7;

/** Lengths of the whole message and of its headers, and their checksum, in bytes. */
const PRELUDE_SIZE = 12;
const CHECKSUM_SIZE = 4;

/** One chunk of a model's answer. */
export function awsChunk(event: object): Buffer {
  const bytes = Buffer.from(JSON.stringify(event)).toString("base64");
  const payload = Buffer.from(JSON.stringify({ bytes }));
  const headers = Buffer.concat([
    header(":event-type", "chunk"),
    header(":content-type", "application/json"),
    header(":message-type", "event"),
  ]);
  const size = PRELUDE_SIZE + headers.length + payload.length + CHECKSUM_SIZE;
  const prelude = Buffer.alloc(PRELUDE_SIZE);
  prelude.writeUInt32BE(size, 0);
  prelude.writeUInt32BE(headers.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const message = Buffer.concat([prelude, headers, payload]);
  const checksum = Buffer.alloc(CHECKSUM_SIZE);
  checksum.writeUInt32BE(crc32(message));
  return Buffer.concat([message, checksum]);
}

function header(name: string, value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(value.length);
  return Buffer.concat([
    Buffer.from([name.length]),
    Buffer.from(name),
    Buffer.from([TEXT]),
    length,
    Buffer.from(value),
  ]);
}
