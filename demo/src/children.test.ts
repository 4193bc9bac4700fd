/**
 * Goal: no process outlives the demo, however it behaves.
 * Method: real processes; each holds a connection to the test, which closes when it is gone.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Child, Children, endOf } from "./children.ts";

let server: Server;
let port: number;

beforeEach(async () => {
  server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});

afterEach(() => server.close());

/** A script that connects to the test, stays, and runs `more` besides. */
const script = (more = ""): string => `require("node:net").connect(${port}, "127.0.0.1");${more}`;

/** Start a script; resolves with its connection. */
async function connected(children: Children, code: string): Promise<[Child, Socket]> {
  const connection = once(server, "connection") as Promise<[Socket]>;
  const child = children.start({ name: "a child", args: ["-e", code], env: {}, onLine: () => {} });
  const [socket] = await connection;
  socket.resume().on("error", () => undefined);
  return [child, socket];
}

describe("stopping", () => {
  it("ends a child with SIGTERM", async () => {
    const [child, socket] = await connected(new Children(), script());
    const closed = once(socket, "close");
    await child.stop();
    expect(endOf(await child.exited)).toBe("SIGTERM");
    await closed;
  });

  it("kills a child that does not end in its time", async () => {
    const children = new Children(50);
    const stubborn = script(`process.on("SIGTERM", () => console.log("no"));`);
    const [child] = await connected(children, stubborn);
    await children.stopAll();
    expect(endOf(await child.exited)).toBe("SIGKILL");
  });

  it("takes away what a child leaves behind", async () => {
    const orphan = JSON.stringify(script());
    const leaving = `require("node:child_process")
      .spawn(process.execPath, ["-e", ${orphan}], { stdio: "ignore" });
      process.on("SIGTERM", () => process.exit(7));`;
    const [child, orphansSocket] = await connected(new Children(), leaving);
    const closed = once(orphansSocket, "close");
    await child.stop();
    expect(endOf(await child.exited)).toBe("exit code 7");
    await closed;
  });

  it("lets no more children start", async () => {
    const children = new Children();
    await children.stopAll();
    expect(() => children.start({ name: "late", args: ["-e", ""], env: {} })).toThrow("is ending");
  });
});

describe("output", () => {
  it("comes line by line, with the last lines of standard error kept", async () => {
    const lines: string[] = [];
    const code = `console.log("one\\ntwo"); for (let i = 1; i <= 20; i++) console.error("e" + i);`;
    const child = new Children().start({
      name: "a talker",
      args: ["-e", code],
      env: {},
      onLine: (line) => lines.push(line),
    });
    expect(endOf(await child.exited)).toBe("exit code 0");
    expect(lines).toEqual(["one", "two"]);
    expect(child.lastLines).toEqual(Array.from({ length: 12 }, (_, i) => `e${i + 9}`));
  });
});
