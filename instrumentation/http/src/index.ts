/** `@spanledger/instrumentation-http`: see the README. */
export { expressMiddleware } from "./express.ts";
export { type FastifyPlugin, fastifyPlugin } from "./fastify.ts";
export { honoMiddleware } from "./hono.ts";
export { HttpInstrumentation } from "./instrumentation.ts";
export { recordRequests } from "./node.ts";
export { setActor } from "./request-record.ts";
export type {
  BodyOmission,
  HttpInstrumentationConfig,
  HttpModule,
  HttpOptions,
} from "./types.ts";
