/**
 * The environments of the demo's child processes.
 *
 * In: the demo's own environment. Out: the same without settings that would lead a child elsewhere,
 * for example to a real ClickHouse, a real model provider or a proxy. Pure.
 */

/** Names that are decided by the demo alone. */
const OWN_PREFIXES = /^(SPANLEDGER|OTEL|OPENAI|DEMO|LANGCHAIN|LANGSMITH)_/;

const LOOPBACK = "127.0.0.1,localhost";

/** `base` without foreign settings, with `own`, and with loopback kept away from proxies. */
export function childEnvironment(
  base: NodeJS.ProcessEnv,
  own: Readonly<Record<string, string>>,
): NodeJS.ProcessEnv {
  const kept = Object.entries(base).filter(([name]) => !OWN_PREFIXES.test(name));
  return { ...Object.fromEntries(kept), no_proxy: LOOPBACK, NO_PROXY: LOOPBACK, ...own };
}
