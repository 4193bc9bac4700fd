/**
 * A receiver for tests: OTLP/HTTP with JSON, spans kept in memory.
 *
 * In: what the SDK's own exporter sends. Out: spans with plain attributes, and their tree.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { SPAN_NAME } from "@spanledger/schema";

export interface ReceivedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly startNs: bigint;
  readonly statusCode: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { name: string; attributes: Readonly<Record<string, unknown>> }[];
  readonly links: readonly { traceId: string; spanId: string }[];
}

export interface OtlpServer {
  readonly endpoint: string;
  /** Every span since the last call. */
  take(): readonly ReceivedSpan[];
  close(): Promise<void>;
}

interface WireValue {
  readonly stringValue?: string;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values?: readonly WireValue[] };
}

type WireAttributes = readonly { readonly key: string; readonly value: WireValue }[];

interface WireSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly status?: { readonly code?: number };
  readonly attributes?: WireAttributes;
  readonly events?: readonly { readonly name: string; readonly attributes?: WireAttributes }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface WireRequest {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

export async function startOtlpServer(): Promise<OtlpServer> {
  let received: ReceivedSpan[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as WireRequest;
      const spans = body.resourceSpans.flatMap((one) => one.scopeSpans.flatMap((s) => s.spans));
      received.push(...spans.map(plainSpan));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    take: () => {
      const spans = received;
      received = [];
      return spans;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/**
 * Names of spans, each indented below its parent, in the order in which they began; without
 * definitions, which belong to no run.
 */
export function receivedTree(received: readonly ReceivedSpan[]): readonly string[] {
  const spans = received.filter((span) => !span.name.startsWith(SPAN_NAME.definition));
  const ids = new Set(spans.map((span) => span.spanId));
  const below = (parent: string | undefined, depth: number): readonly string[] =>
    spans
      .filter((one) =>
        parent === undefined ? !ids.has(one.parentSpanId ?? "") : one.parentSpanId === parent,
      )
      .toSorted((a, b) => (a.startNs < b.startNs ? -1 : 1))
      .flatMap((one) => [`${"  ".repeat(depth)}${one.name}`, ...below(one.spanId, depth + 1)]);
  return below(undefined, 0);
}

function plainSpan(span: WireSpan): ReceivedSpan {
  return {
    name: span.name,
    kind: span.kind,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    startNs: BigInt(span.startTimeUnixNano),
    statusCode: span.status?.code ?? 0,
    attributes: plainAttributes(span.attributes),
    events: (span.events ?? []).map(({ name, attributes }) => ({
      name,
      attributes: plainAttributes(attributes),
    })),
    links: span.links ?? [],
  };
}

function plainAttributes(attributes: WireAttributes = []): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue(value: WireValue): unknown {
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plainValue);
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.doubleValue ?? value.boolValue;
}
