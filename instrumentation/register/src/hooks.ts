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

/**
 * Register the hook: in the application's thread where Node can (22.22.3, 24.11.1 and later), else
 * in Node's hook thread, unless this package came by `require()`: with that thread, older versions
 * of Node 22 can no longer require ES modules and the process ends without a word.
 *
 * @returns whether it was registered
 */
export function registerHooks(include: readonly RegExp[], required: boolean): boolean {
  try {
    const ours = createRequire(import.meta.url);
    const entry = ours.resolve("@opentelemetry/instrumentation");
    const hooks = createRequire(entry)("import-in-the-middle/register-hooks.mjs") as SyncHooks;
    if (hooks.supportsSyncHooks()) {
      hooks.register({ include });
      return true;
    }
    if (required) return false;
    register("@opentelemetry/instrumentation/hook.mjs", import.meta.url, { data: { include } });
    return true;
  } catch {
    return false;
  }
}
