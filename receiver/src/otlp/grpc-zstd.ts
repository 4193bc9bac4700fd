/**
 * zstd for gRPC, which grpc-js does not have.
 *
 * In: a call whose message may come compressed so. Out: its message as it was. Side effects: takes from
 * the budget while it is decompressed, and gives back.
 *
 * grpc-js decompresses by a method of the call, which is no public one. Where it is missing nothing is
 * changed, and zstd is refused as grpc-js refuses what it does not know.
 */
import { Readable } from "node:stream";
import type { ServerInterceptingCallInterface, StatusObject } from "@grpc/grpc-js";
import { type BodyLimits, chooseEncoding, readBody } from "./body.ts";
import { type OtlpError, toOtlpError } from "./errors.ts";
import { MESSAGE_HEAD_BYTES } from "./grpc-message.ts";

const ZSTD = chooseEncoding("zstd");

/** What every answer says it takes; grpc-js names what it has itself. */
export const GRPC_ACCEPT_ENCODING = "identity,deflate,gzip,zstd";

type Decompress = (message: Buffer, encoding: string) => Buffer | Promise<Buffer>;

/** Let a call take zstd. */
export function takeZstd(
  call: ServerInterceptingCallInterface,
  limits: BodyLimits,
  statusOf: (error: OtlpError) => StatusObject,
): void {
  const own = call as { decompressMessage?: Decompress };
  const known = own.decompressMessage;
  if (typeof known !== "function") return;
  own.decompressMessage = (message, encoding) =>
    encoding === "zstd"
      ? decompress(message.subarray(MESSAGE_HEAD_BYTES), limits, statusOf)
      : known.call(call, message, encoding);
}

/** @throws a status, which grpc-js answers with */
async function decompress(
  message: Buffer,
  limits: BodyLimits,
  statusOf: (error: OtlpError) => StatusObject,
): Promise<Buffer> {
  try {
    const body = await readBody(Readable.from([message]), ZSTD, limits);
    // The handler counts it again, before anything else can come.
    limits.budget.give(body.length);
    return body;
  } catch (error) {
    throw statusOf(toOtlpError(error));
  }
}
