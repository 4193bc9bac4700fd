/**
 * A request's body to rows for the open batch, through objects: decode → redact → classify → encode.
 *
 * In: the body and the place in the batch. Out: rows as RowBinary.
 */
import { BATCH_TABLES } from "@spanledger/schema";
import type { Encode } from "./base/batch.ts";
import { rowsOf } from "./classify/rows.ts";
import { OtlpError } from "./otlp/errors.ts";
import { decodeTraceJson } from "./otlp/json.ts";
import { decodeTraceProtobuf } from "./otlp/protobuf.ts";
import { explainRejections } from "./otlp/rejections.ts";
import { ORIGINAL_END_ATTRIBUTE } from "./otlp/span.ts";
import type { DecodedRequest, OtlpFormat, TraceRequest } from "./otlp/types.ts";
import type { Redactor } from "./redact/index.ts";
import { encodeRows } from "./store/row-binary.ts";

/** Make the encoder of one request. */
export function encoderOf(request: TraceRequest, redactor: Redactor): Encode {
  return (place) => {
    const decoded = decode(request.body, request.format);
    const rows = rowsOf(
      decoded.spans.map((span) => redactor.span(span)),
      place,
    );
    return {
      tables: BATCH_TABLES.map((table) => encodeRows(table, rows[table.name] as never)),
      rejected: decoded.rejected.count,
      message: messageOf(decoded),
    };
  };
}

function decode(body: Uint8Array, format: OtlpFormat): DecodedRequest {
  try {
    return format === "json" ? decodeTraceJson(body) : decodeTraceProtobuf(body);
  } catch (error) {
    if (error instanceof OtlpError) throw error;
    // A decoder throws `OtlpError`; anything else is a defect that one client's bytes bring about.
    const code = format === "json" ? "OTLP_MALFORMED_JSON" : "OTLP_MALFORMED_PROTOBUF";
    throw new OtlpError(code, `the body could not be read as ${format}`, { cause: error });
  }
}

function messageOf(decoded: DecodedRequest): string {
  const clamped =
    decoded.clampedSpans === 0
      ? ""
      : `${decoded.clampedSpans} kept with end = start, they ended before they began ` +
        `(sent end in ${ORIGINAL_END_ATTRIBUTE})`;
  return [explainRejections(decoded.rejected), clamped].filter((part) => part !== "").join("; ");
}
