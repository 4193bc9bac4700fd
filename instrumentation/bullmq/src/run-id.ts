/**
 * The run id of a job that is a run: the same for every attempt, in every process, with nothing
 * stored for it.
 *
 * In: what makes a job that job. Out: a ULID whose time is the job's own and whose randomness is a
 * digest of queue and id. Pure.
 */
import { createHash } from "node:crypto";

/** Crockford's alphabet (specification of ULID). */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A ULID has 26 characters of 5 bits: 48 bits of time, 80 of randomness. */
const ULID_CHARS = 26;
const RANDOM_BYTES = 10;
const TIME_MAX_MS = 2 ** 48 - 1;

/**
 * @param queue qualified name of the queue: prefix and name
 * @param jobId the job's id; BullMQ may give it again once the job is removed, hence the time
 * @param timestampMs when the job was made, in milliseconds since 1970
 */
export function runIdOf(queue: string, jobId: string, timestampMs: number): string {
  const known = Number.isFinite(timestampMs) && timestampMs > 0;
  const time = known ? Math.min(Math.floor(timestampMs), TIME_MAX_MS) : 0;
  const digest = createHash("sha256")
    .update(JSON.stringify([queue, jobId, timestampMs]))
    .digest();
  let bits = BigInt(`0x${digest.subarray(0, RANDOM_BYTES).toString("hex")}`);
  bits |= BigInt(time) << BigInt(8 * RANDOM_BYTES);
  let text = "";
  for (let index = 0; index < ULID_CHARS; index += 1) {
    text = `${ALPHABET[Number(bits & 31n)]}${text}`;
    bits >>= 5n;
  }
  return text;
}
