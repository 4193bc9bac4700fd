/**
 * Where a client sends its requests.
 *
 * In: a client, by its `baseURL`. Out: host and port. A client's address is parsed once, and not
 * with every call.
 */
import { readField } from "../outcome.ts";

/** Most addresses that are remembered; an application has a few. */
const ADDRESSES_MAX = 64;

/** A server's name and port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const known = new Map<string, Address | undefined>();

/** @returns undefined where the address cannot be read */
export function addressOf(client: unknown): Address | undefined {
  const base = readField(client, "baseURL");
  if (typeof base !== "string") return undefined;
  if (known.has(base)) return known.get(base);
  const address = URL.canParse(base) ? parsed(new URL(base)) : undefined;
  if (known.size >= ADDRESSES_MAX) known.clear();
  known.set(base, address);
  return address;
}

function parsed(url: URL): Address {
  const standard = url.protocol === "http:" ? 80 : 443;
  // An IPv6 address stands in brackets in a URL alone.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: url.port === "" ? standard : Number(url.port) };
}
