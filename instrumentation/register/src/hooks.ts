/**
 * The hook through which ES modules that are imported from now on can be patched.
 *
 * Side effect: `import-in-the-middle` (it comes with OpenTelemetry's instrumentation package) is
 * registered for the few files that are patched and for no other.
 */
import { createRequire, register } from "node:module";

interface SyncHooks {
  supportsSyncHooks(): boolean;
  register(options: { include: readonly RegExp[] }): void;
}

/** Register the hook: in the application's thread where Node can, else in Node's hook thread. */
export function registerHooks(include: readonly RegExp[]): void {
  const ours = createRequire(import.meta.url);
  const entry = ours.resolve("@opentelemetry/instrumentation");
  const hooks = createRequire(entry)("import-in-the-middle/register-hooks.mjs") as SyncHooks;
  if (hooks.supportsSyncHooks()) {
    hooks.register({ include });
    return;
  }
  register("@opentelemetry/instrumentation/hook.mjs", import.meta.url, { data: { include } });
}
