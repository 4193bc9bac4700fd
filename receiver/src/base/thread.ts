/**
 * A worker thread that answers calls, one after another.
 *
 * In: calls, as structured clones and memory that is handed over. Out: their answers, in order. Side
 * effect: the thread. What is thrown within it arrives as a name and places of code: its message may
 * quote content.
 */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { parentPort, type Transferable, Worker } from "node:worker_threads";

interface Call<Request> {
  readonly id: number;
  readonly request: Request;
}

type Answer<Reply> =
  | { readonly id: number; readonly reply: Reply }
  | { readonly id: number; readonly thrown: string; readonly at: string };

/** What a thread answers, and the memory that goes with it. */
export interface Answered<Reply> {
  readonly reply: Reply;
  readonly transfer?: readonly Transferable[];
}

export interface ThreadOptions {
  /** What the module finds as `workerData`. */
  readonly data: unknown;
  /** Largest young generation of its heap, in MB. @default V8's */
  readonly youngMaxMb?: number;
  /**
   * Told when it ends without having been asked; its calls are never answered then.
   *
   * @default throws, which ends the process
   */
  readonly onDeath?: (error: Error) => void;
}

/** See the module comment. */
export class Thread<Request, Reply> {
  readonly #worker: Worker;
  readonly #calls = new Map<number, PromiseWithResolvers<Reply>>();
  #lastId = 0;
  #isStopping = false;

  /** @param entry the module that runs in it, by its name as source, beside the module at `from` */
  constructor(entry: string, from: string, options: ThreadOptions) {
    const { data, youngMaxMb, onDeath = throwLater } = options;
    // From sources when the asking module is one.
    const extension = extname(fileURLToPath(from));
    const url = new URL(entry.slice(0, -".ts".length) + extension, from);
    this.#worker = new Worker(url, {
      workerData: data,
      ...(youngMaxMb && { resourceLimits: { maxYoungGenerationSizeMb: youngMaxMb } }),
      // Not the process's own: it may be instrumented, and this thread must not be.
      execArgv: extension === ".ts" ? ["--conditions=@spanledger/source"] : [],
    });
    let cause = "";
    this.#worker.on("error", (error) => {
      cause = `: ${nameOf(error)}`;
    });
    this.#worker.once("exit", () => {
      if (!this.#isStopping) onDeath(new Error(`the thread of ${entry} ended${cause}`));
    });
    this.#worker.on("message", (answer: Answer<Reply>) => this.#settle(answer));
  }

  /** @param transfer memory that is the thread's from now on, and of no use here */
  call(request: Request, transfer: readonly Transferable[] = []): Promise<Reply> {
    this.#lastId += 1;
    const call: Call<Request> = { id: this.#lastId, request };
    this.#worker.postMessage(call, transfer as Transferable[]);
    const settled = Promise.withResolvers<Reply>();
    this.#calls.set(call.id, settled);
    return settled.promise;
  }

  /** End it, whatever it does. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#worker.terminate();
  }

  #settle(answer: Answer<Reply>): void {
    const settled = this.#calls.get(answer.id);
    this.#calls.delete(answer.id);
    if ("reply" in answer) {
      settled?.resolve(answer.reply);
      return;
    }
    const error = new Error(`${answer.thrown} in a thread`);
    error.stack = `${error.message}\n${answer.at}`;
    settled?.reject(error);
  }
}

/** In the thread: answer every call. */
export function answerCalls<Request, Reply>(
  handle: (request: Request) => Answered<Reply> | Promise<Answered<Reply>>,
): void {
  const port = parentPort;
  if (port === null) throw new TypeError("this module runs in a thread only");
  port.on("message", ({ id, request }: Call<Request>) => {
    void (async () => {
      try {
        const { reply, transfer = [] } = await handle(request);
        port.postMessage({ id, reply } satisfies Answer<Reply>, transfer as Transferable[]);
      } catch (error) {
        const answer = { id, thrown: nameOf(error), at: placesOf(error) };
        port.postMessage(answer satisfies Answer<Reply>);
      }
    })();
  });
}

/** As it would end the process if it had happened in the main thread. */
function throwLater(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

function placesOf(error: unknown): string {
  const lines = error instanceof Error ? (error.stack ?? "").split("\n") : [];
  return lines.filter((line) => line.startsWith("    at ")).join("\n");
}
