/**
 * Which server a client talks to, and how: from its transport and from what the server said of
 * itself at the handshake.
 */
import type { Attributes } from "@opentelemetry/api";
import { numberOf, present, readField, safely, textOf } from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";

/** Ports of URLs that name none. */
const STANDARD_PORT: ReadonlyMap<string, number> = new Map([
  ["http:", 80],
  ["https:", 443],
]);

export function serverAttributes(client: unknown): Attributes {
  const transport = readField(client, "transport");
  const url = readField(transport, "_url");
  const isHttp = url instanceof URL;
  const isStdio = readField(transport, "_serverParams") !== undefined;
  return present([
    [OTEL.jsonrpcRequestId, transport === undefined ? undefined : requestId(client)],
    [OTEL.mcpSessionId, textOf(readField(transport, "sessionId"))],
    [OTEL.mcpProtocolVersion, textOf(readField(transport, "protocolVersion"))],
    [OTEL.networkTransport, isHttp ? "tcp" : isStdio ? "pipe" : undefined],
    [OTEL.serverAddress, isHttp ? url.hostname.replace(/^\[(.*)\]$/, "$1") : undefined],
    [OTEL.serverPort, isHttp ? portOf(url) : undefined],
    [OTEL.servicePeerName, serverName(client)],
  ]);
}

/** The id that the request will have: the client counts them, and this one is next. */
function requestId(client: unknown): string | undefined {
  const next = numberOf(readField(client, "_requestMessageId"));
  return next === undefined ? undefined : String(next);
}

function serverName(client: unknown): string | undefined {
  const said = readField(client, "getServerVersion");
  if (typeof said !== "function") return undefined;
  return textOf(
    readField(
      safely(() => Reflect.apply(said, client, [])),
      "name",
    ),
  );
}

function portOf(url: URL): number | undefined {
  return url.port === "" ? STANDARD_PORT.get(url.protocol) : Number(url.port);
}
