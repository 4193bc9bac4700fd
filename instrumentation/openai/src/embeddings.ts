/** Embeddings: request and response as attributes of the GenAI conventions; never the vectors. */
import { type ModelOperation, numberOf, present, textOf } from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";
import { responseFacts } from "./operation.ts";

export const embeddings: ModelOperation = {
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
