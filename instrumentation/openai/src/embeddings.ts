/** Embeddings: request and response as attributes of the GenAI conventions; never the vectors. */
import { OTEL } from "@spanledger/schema";
import { numberOf, textOf } from "./internal-types.ts";
import { type Operation, present, responseFacts } from "./operation.ts";

export const embeddings: Operation = {
  name: "embeddings",
  request(body) {
    const format = textOf(body.encoding_format);
    return present([
      [OTEL.genAiRequestEncodingFormats, format === undefined ? undefined : [format]],
      [OTEL.genAiEmbeddingsDimensionCount, numberOf(body.dimensions)],
    ]);
  },
  response: (result) => responseFacts(result),
  collector: () => ({ add: () => undefined, result: () => undefined, failure: () => undefined }),
};
