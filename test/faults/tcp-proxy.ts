/**
 * A TCP proxy before ClickHouse that can be stopped, made slow, or cut.
 *
 * In: a port to forward to. Out: a port of its own. Side effects: sockets.
 */
import { createServer, type Server, type Socket, connect as tcpConnect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/**
 * - `open`: bytes pass
 * - `closed`: nobody listens, and what was connected is reset
 * - `slow`: each piece of an answer waits
 * - `cut`: the request passes; the connection is reset when the answer begins to come back, so the
 *   sender cannot know that its rows are stored
 */
export type ProxyMode = "open" | "closed" | "slow" | "cut";

export interface ProxyOptions {
  readonly port: number;
  readonly targetPort: number;
  /** Wait of each piece of an answer in mode `slow`, in milliseconds. */
  readonly slowMs: number;
}

export class TcpProxy {
  /** Answers that were cut off. */
  cuts = 0;
  readonly #options: ProxyOptions;
  readonly #sockets = new Set<Socket>();
  #mode: ProxyMode = "open";
  #server: Server | undefined;

  constructor(options: ProxyOptions) {
    this.#options = options;
  }

  async set(mode: ProxyMode): Promise<void> {
    this.#mode = mode;
    if (mode === "closed") await this.close();
    else await this.#listen();
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    if (server === undefined) return;
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async #listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((socket) => this.#forward(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#options.port, "127.0.0.1", resolve);
    });
  }

  #forward(near: Socket): void {
    const far = tcpConnect(this.#options.targetPort, "127.0.0.1");
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far);
    this.#answer(far, near).catch(() => near.destroy());
  }

  async #answer(far: Socket, near: Socket): Promise<void> {
    for await (const piece of far) {
      if (this.#mode === "cut") {
        this.cuts += 1;
        near.resetAndDestroy();
        return;
      }
      if (this.#mode === "slow") await delay(this.#options.slowMs);
      near.write(piece as Buffer);
    }
    near.end();
  }
}
