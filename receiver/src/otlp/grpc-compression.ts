/**
 * Decompresses gRPC messages as HTTP bodies are: zstd too, within the budget of bytes, and without a
 * second copy of what came out.
 *
 * In: a call whose message may come compressed. Out: its message as it was. Side effects: takes from the
 * budget while it is decompressed, and gives back; the compressed message's memory is given back.
 *
 * grpc-js decompresses by a method of the call, which is no public one. Where it is missing nothing is
 * changed: grpc-js then decompresses what it knows, and refuses zstd.
 */
import { Readable } from "node:stream";
import type { ServerInterceptingCallInterface, StatusObject } from "@grpc/grpc-js";
import { freeMemory } from "../base/free-memory.ts";
import { type BodyLimits, chooseEncoding, readBody } from "./body.ts";
import { type OtlpError, toOtlpError } from "./errors.ts";
import { MESSAGE_HEAD_BYTES } from "./grpc-message.ts";

/** What every answer says it takes; grpc-js names what it has itself. */
export const GRPC_ACCEPT_ENCODING = "identity,deflate,gzip,zstd";

const COMPRESSIONS: ReadonlySet<string> = new Set(["deflate", "gzip", "zstd"]);

type Decompress = (message: Buffer, encoding: string) => Buffer | Promise<Buffer>;

/** Decompress a call's message here. */
export function decompressHere(
  call: ServerInterceptingCallInterface,
  limits: BodyLimits,
  statusOf: (error: OtlpError) => StatusObject,
): void {
  const own = call as { decompressMessage?: Decompress };
  const known = own.decompressMessage;
  if (typeof known !== "function") return;
  own.decompressMessage = (message, encoding) =>
    COMPRESSIONS.has(encoding)
      ? decompress(message, encoding, limits).catch((error: unknown) => {
          throw statusOf(toOtlpError(error));
        })
      : known.call(call, message, encoding);
}

async function decompress(message: Buffer, encoding: string, limits: BodyLimits): Promise<Buffer> {
  const source = Readable.from([message.subarray(MESSAGE_HEAD_BYTES)]);
  const body = await readBody(source, chooseEncoding(encoding), limits);
  // The handler counts it again, before anything else can come.
  limits.budget.give(body.length);
  // Not after a failure: the decompressor may still be reading it.
  freeMemory(message);
  return body;
}
