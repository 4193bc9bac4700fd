/**
 * The SDK's own tracing, from 0.134: its clients read their settings from the environment when they
 * are made.
 *
 * In: what is to be recorded. Side effect: variables that nobody set get a value, until
 * {@link restore} takes it away. A client that is given the option `openTelemetry` reads none.
 */

/**
 * Most content on one span of the SDK, in bytes: what the four content attributes of the spans of
 * our own may hold together. The SDK's own default is 750,000, too much for a queue of spans.
 */
const CONTENT_BYTES_MAX = 262_144;

export interface OwnTracing {
  readonly captureContent: boolean;
  readonly propagate: boolean;
}

/** Set what nobody set. @returns the names of the variables that were set */
export function configureOwnTracing(wanted: OwnTracing): readonly string[] {
  const values: readonly (readonly [string, string | undefined])[] = [
    ["ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE", wanted.captureContent ? "content" : undefined],
    ["ANTHROPIC_OPEN_TELEMETRY_TRACES_MAX_CONTENT_BYTES", String(CONTENT_BYTES_MAX)],
    // Else the provider gets our baggage with every request: run, workspace and who acts.
    ["ANTHROPIC_OPEN_TELEMETRY_PROPAGATION", wanted.propagate ? undefined : "false"],
  ];
  const names: string[] = [];
  for (const [name, value] of values) {
    if (value === undefined || process.env[name] !== undefined) continue;
    process.env[name] = value;
    names.push(name);
  }
  return names;
}

/** Take away what {@link configureOwnTracing} set. */
export function restore(names: readonly string[]): void {
  for (const name of names) Reflect.deleteProperty(process.env, name);
}
