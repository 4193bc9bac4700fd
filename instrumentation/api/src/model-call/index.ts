/**
 * Calls to models through generated SDK clients: what the instrumentations of such SDKs share.
 */
export { addressOf } from "./address.ts";
export { ModelCall, type ModelCallParams } from "./call.ts";
export { lookUpClass } from "./class-lookup.ts";
export {
  appendText,
  type ModelOperation,
  parsedArguments,
  present,
  STREAMED_CHARS_MAX,
  STREAMED_ITEMS_MAX,
  type StreamCollector,
} from "./operation.ts";
export { observeStream, type StreamObserver } from "./stream.ts";
export {
  type ApiPromise,
  isJson,
  isResponseStream,
  type Json,
  jsonList,
  numberOf,
  type PatchableClass,
  textOf,
  textsOf,
} from "./wire.ts";
export { countResends, type PatchableMethod, wrapCreate } from "./wrap.ts";
