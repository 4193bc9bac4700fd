/**
 * Log records with fixed ids and times, as the JavaScript SDK's records and as they are decoded: a
 * prompt and an answer as OpenTelemetry's own OpenAI packages send them, an exception, and a record
 * of the kind that is not kept. Pure.
 */
import { SeverityNumber, TraceFlags } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import type { DecodedLog } from "../../receiver/src/base/records.ts";

export const TRACE_ID = "5b8efff798038103d269b633813fc60c";
export const SPAN_ID = "eee19b7ec3c1b174";
/** Personal data in the prompt; must be found nowhere. */
export const EMAIL = "anna.example@example.com";
const TIME_S = 1_544_712_660;
const TIME_NS: bigint = BigInt(TIME_S) * 1_000_000_000n;

const RESOURCE = resourceFromAttributes({ "service.name": "my.service" });
const SCOPE = { name: "my.library", version: "1.0.0" };

type Facts = Pick<ReadableLogRecord, "eventName" | "body" | "attributes" | "severityText">;

function record(index: number, facts: Facts): ReadableLogRecord {
  return {
    hrTime: [TIME_S, index],
    hrTimeObserved: [TIME_S + 1, 0],
    spanContext: { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: TraceFlags.SAMPLED },
    severityNumber: SeverityNumber.INFO,
    resource: RESOURCE,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    ...facts,
  };
}

/** As an exporter gets them from the SDK. */
export const EXAMPLE_LOGS: readonly ReadableLogRecord[] = [
  record(0, {
    eventName: "gen_ai.user.message",
    body: { content: `Refund ${EMAIL}, please` },
    attributes: { "gen_ai.system": "openai" },
  }),
  record(1, {
    eventName: "gen_ai.choice",
    body: { index: 0, finish_reason: "stop", message: { role: "assistant", content: "Done." } },
    attributes: { "gen_ai.system": "openai" },
  }),
  record(2, {
    severityText: "ERROR",
    body: "refund failed",
    attributes: { "exception.type": "TimeoutError", "exception.message": "late" },
  }),
  record(3, { body: "Example log record", attributes: { "string.attribute": "some string" } }),
];

function decoded(index: number, facts: Partial<DecodedLog>): DecodedLog {
  return {
    traceId: TRACE_ID,
    spanId: SPAN_ID,
    timeNs: TIME_NS + BigInt(index),
    severityText: "",
    eventName: "",
    body: null,
    attributes: new Map([["gen_ai.system", "openai"]]),
    resource: { attributes: new Map([["service.name", "my.service"]]) },
    ...facts,
  };
}

/** The same as they are to be read, written out. */
export const DECODED_LOGS: readonly DecodedLog[] = [
  decoded(0, {
    eventName: "gen_ai.user.message",
    body: new Map([["content", `Refund ${EMAIL}, please`]]),
  }),
  decoded(1, {
    eventName: "gen_ai.choice",
    body: new Map<string, bigint | string | ReadonlyMap<string, string>>([
      ["index", 0n],
      ["finish_reason", "stop"],
      [
        "message",
        new Map([
          ["role", "assistant"],
          ["content", "Done."],
        ]),
      ],
    ]),
  }),
  decoded(2, {
    severityText: "ERROR",
    body: "refund failed",
    attributes: new Map([
      ["exception.type", "TimeoutError"],
      ["exception.message", "late"],
    ]),
  }),
  decoded(3, {
    body: "Example log record",
    attributes: new Map([["string.attribute", "some string"]]),
  }),
];
