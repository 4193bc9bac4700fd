/**
 * A ClickHouse by itself: the engine in a process of its own, behind a proxy.
 *
 * In: how slow the proxy may be. Out: the URL for the receiver and the one for the checker. Side
 * effects: a process, a folder, ports.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedClickHouse } from "../../receiver/src/clickhouse/embedded/supervisor.ts";
import { freePort } from "./receiver-process.ts";
import { TcpProxy } from "./tcp-proxy.ts";

export interface ExternalClickHouse {
  readonly proxy: TcpProxy;
  /** Through the proxy. */
  readonly proxyUrl: string;
  /** Past it. */
  readonly directUrl: string;
  stop(): Promise<void>;
}

export async function startExternalClickHouse(options: {
  readonly slowMs: number;
}): Promise<ExternalClickHouse> {
  const dataDir = await mkdtemp(join(tmpdir(), "spanledger-faults-engine-"));
  const [port, proxyPort] = [await freePort(), await freePort()];
  const engine = await startEmbeddedClickHouse({ dataDir, port });
  const proxy = new TcpProxy({ port: proxyPort, targetPort: port, slowMs: options.slowMs });
  await proxy.set("open");
  return {
    proxy,
    proxyUrl: `http://127.0.0.1:${proxyPort}`,
    directUrl: engine.url,
    async stop() {
      await proxy.close();
      await engine.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
