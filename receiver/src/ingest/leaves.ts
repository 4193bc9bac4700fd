/**
 * How the leaves of a message are read, whichever encoding it came in.
 *
 * A decoder (protobuf, JSON) hands over plain objects with OTLP's lowerCamelCase field names and
 * an implementation of {@link Leaves}; everything above the leaves is the same code.
 */

/** A message before validation. */
export type RawMessage = Readonly<Record<string, unknown>>;

/**
 * Readers of leaf values. An absent value is read as the field's default.
 * `field` names the field in error messages. A wrong type throws an `IngestError`, an invalid text a
 * `SpanRefusal`.
 */
export interface Leaves {
  message(value: unknown, field: string): RawMessage;
  list(value: unknown, field: string): readonly unknown[];
  string(value: unknown, field: string): string;
  bool(value: unknown, field: string): boolean;
  /** Lower-case hex of any length, or undefined when it is not even hex. */
  id(value: unknown, field: string): string | undefined;
  int64(value: unknown, field: string): bigint;
  uint64(value: unknown, field: string): bigint;
  uint32(value: unknown, field: string): number;
  /** An open enum; `names` are tolerated where the encoding is text. */
  enumeration(value: unknown, field: string, names: readonly string[]): number;
  double(value: unknown, field: string): number;
  bytes(value: unknown, field: string): Uint8Array;
  /** The name of the member of AnyValue that is set, if any. */
  anyValueMember(value: RawMessage): string | undefined;
}
