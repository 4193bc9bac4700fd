/**
 * The thread that makes records of requests; `thread-recorder.ts` starts it.
 *
 * In: requests, the batch that each goes into, slabs to write into. Out: records in those slabs.
 * Side effects: none but that memory. Redaction happens here: what comes out holds no clear text.
 */
import { workerData } from "node:worker_threads";
import { StageError } from "./base/errors.ts";
import { answerCalls } from "./base/thread.ts";
import { createEncoding } from "./encode-request.ts";
import { createRedactor } from "./redact/index.ts";
import { LentSlabs } from "./spool/lent-slabs.ts";
import { RecordMaker } from "./spool/recorder.ts";
import type { RecordCall, RecorderThreadData, RecordReply } from "./thread-recorder.ts";

const { redactionKey } = workerData as RecorderThreadData;
const encoderOf = createEncoding(createRedactor({ key: redactionKey }));
const maker = new RecordMaker();
const slabs = new LentSlabs();

answerCalls<RecordCall, RecordReply>(({ request, order, lent }) => {
  slabs.lend(lent);
  slabs.useFor(order.batch.batchId);
  const { byteOffset, byteLength } = request.body;
  const buffer = request.body.buffer as ArrayBuffer;
  const body = Buffer.from(buffer, byteOffset, byteLength);
  const encode = encoderOf({ ...request, body });
  /** Its memory was handed over with it, all of it. */
  const freeBody = (): void => {
    if (!buffer.detached) buffer.transfer(0);
  };
  try {
    const { record, leaves, rejected, message } = maker.make(encode, order, (sizeBytes) => {
      // All of it is in the rows.
      freeBody();
      return slabs.take(sizeBytes);
    });
    const place = record === undefined ? undefined : slabs.placeOf(record);
    const transfer = leaves === undefined ? [] : [leaves.buffer as ArrayBuffer];
    if (record?.buffer instanceof ArrayBuffer) transfer.push(record.buffer);
    return {
      reply: { kind: "made", place, leaves, rejected, message, retired: slabs.takeRetired() },
      transfer,
    };
  } catch (error) {
    if (!(error instanceof StageError)) throw error;
    return { reply: { kind: "refused", code: error.code, message: error.message } };
  } finally {
    freeBody();
  }
});
