/**
 * What instrumentations of frameworks that use the AI SDK's models share with this package. Not for
 * applications: it may change in any version.
 */
export { Generation, type Recorder } from "./generation.ts";
