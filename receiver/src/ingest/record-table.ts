/**
 * The events or links of the span at hand, as numbers in typed arrays.
 */

/** Events and links the fast lane takes; more of them go the slow lane. */
export const RECORDS_MAX = 256;

/** Events or links: where their parts stand. A part that is absent stands at -1 or is empty. */
export class RecordTable {
  count = 0;
  readonly times: Int32Array = new Int32Array(RECORDS_MAX);
  readonly traceIds: Int32Array = new Int32Array(RECORDS_MAX);
  readonly spanIds: Int32Array = new Int32Array(RECORDS_MAX);
  /** Name of an event, trace state of a link. */
  readonly textStarts: Int32Array = new Int32Array(RECORDS_MAX);
  readonly textEnds: Int32Array = new Int32Array(RECORDS_MAX);
  readonly textSources: Uint8Array = new Uint8Array(RECORDS_MAX);
  /** First of its attributes in the table of nested attributes, and the first that is not. */
  readonly attributeStarts: Int32Array = new Int32Array(RECORDS_MAX);
  readonly attributeEnds: Int32Array = new Int32Array(RECORDS_MAX);
}
