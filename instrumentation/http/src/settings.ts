/**
 * The options with their defaults, made once per middleware. Pure.
 */
import { safely } from "@spanledger/api/internal";
import type { HttpOptions } from "./types.ts";

/** Largest body that is recorded, in bytes: what one attribute holds (64 KiB). */
export const BODY_SIZE_MAX_BYTES = 65_536;

export interface Settings {
  readonly actor: (request: unknown) => unknown;
  readonly captureBody: boolean;
  readonly bodySizeMaxBytes: number;
  readonly queryValues: ReadonlySet<string>;
  readonly redactKeys: ReadonlySet<string>;
  readonly trustBaggage: boolean;
  readonly ignore: (request: { readonly method: string; readonly path: string }) => boolean;
}

export function settingsOf<Request>(options: HttpOptions<Request> = {}): Settings {
  const { actor, ignore, bodySizeMaxBytes = BODY_SIZE_MAX_BYTES } = options;
  const isSize = Number.isInteger(bodySizeMaxBytes) && bodySizeMaxBytes >= 0;
  return {
    actor: (request) => safely(() => actor?.(request as Request)),
    captureBody: options.captureBody !== false,
    bodySizeMaxBytes: isSize ? Math.min(bodySizeMaxBytes, BODY_SIZE_MAX_BYTES) : 0,
    queryValues: new Set(options.queryValues),
    redactKeys: new Set((options.redactKeys ?? []).map((key) => key.toLowerCase())),
    trustBaggage: options.trustBaggage === true,
    ignore: (request) => safely(() => ignore?.(request)) === true,
  };
}
