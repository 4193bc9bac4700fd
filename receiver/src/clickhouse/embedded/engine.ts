/**
 * chDB behind one asynchronous call: a statement in, its reply out.
 *
 * Every query gets an engine connection of its own and loses it afterwards: settings, parameters,
 * the current database and temporary tables cannot leak into the next query, and parameters,
 * which chDB's JavaScript binds through one chain for the whole process, are simply SET. A
 * connection costs 0.2 ms. A named session keeps its connection between queries instead.
 *
 * Why the addon and not chDB's `Session`: `Session.close()` waits for every query of the process
 * that runs at that moment, so one long query would pile up the connections of all shorter ones;
 * and only the addon's raw insert tells how many rows were written.
 *
 * Side effects: one chDB engine per process, files below its path.
 */
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { libchdbPath } from "chdb/libchdb";
import { exception, parseEngineError } from "./exceptions.ts";

type Connection = { readonly __connection: unique symbol };

interface QueryReply {
  readonly bytes: Uint8Array;
  readonly elapsed: number;
  readonly rowsRead: number;
  readonly bytesRead: number;
}

interface InsertReply {
  readonly elapsed: number;
  readonly rowsWritten: number;
  readonly bytesWritten: number;
}

/** The addon's functions that are used here, as chdb 3.4.0 has them. */
interface Addon {
  CreateConnection(path: string, connectionArguments: readonly string[]): Connection | null;
  CloseConnection(connection: Connection): void;
  QueryAsyncConnection(connection: Connection, sql: string, format: string): Promise<QueryReply>;
  InsertRawAsyncConnection(
    connection: Connection,
    sql: string,
    data: Buffer,
    countLines: boolean,
  ): Promise<InsertReply>;
}

/** One statement and everything that holds for it alone. */
export interface EngineQuery {
  readonly sql: string;
  /** Output format when the statement names none. */
  readonly format: string;
  readonly database?: string;
  /** Settings and `param_*` values, in the order in which they are set. */
  readonly settings: readonly (readonly [name: string, value: string])[];
  /** ClickHouse's `readonly`: 0 all, 1 reads and no settings, 2 reads and settings. */
  readonly readonly: 0 | 1 | 2;
  /** Whether to count written rows: an INSERT. It has no output then. */
  readonly inserts: boolean;
  /** Whether the engine should give up when the signal aborts. */
  readonly cancellable: boolean;
}

export interface EngineReply {
  readonly bytes: Uint8Array;
  readonly elapsedSeconds: number;
  readonly resultRows: number;
  readonly resultBytes: number;
  readonly writtenRows: number;
  readonly writtenBytes: number;
}

/** A connection that outlives a query. */
export interface EngineSession {
  run(query: EngineQuery, signal: AbortSignal): Promise<EngineReply>;
  close(): void;
}

const NO_DATA = Buffer.alloc(0);

const quote = (text: string): string =>
  `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\0", "\\0")}'`;

const quoteName = (text: string): string =>
  `\`${text.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("\0", "\\0")}\``;

const SETTING_NAME = /^[A-Za-z_][A-Za-z0-9_.]*$/;

function loadAddon(): Addon {
  const path = join(dirname(libchdbPath()), "chdb_node.node");
  return createRequire(import.meta.url)(path) as Addon;
}

/**
 * A connection with its mark. The engine names queries itself; the mark, put into a setting that
 * nothing else reads here (`log_comment`), is how a query is found again to cancel it.
 */
interface Opened {
  readonly connection: Connection;
  readonly mark: string;
}

/** The engine of this process. */
export class Engine {
  readonly version: string;
  readonly timezone: string;
  readonly #addon: Addon;
  readonly #path: string;
  readonly #arguments: readonly string[];
  /** Keeps the engine alive between queries, and cancels them. */
  readonly #anchor: Connection;

  private constructor(
    addon: Addon,
    place: { path: string; arguments: readonly string[] },
    anchor: Connection,
    identity: readonly string[],
  ) {
    this.#addon = addon;
    this.#path = place.path;
    this.#arguments = place.arguments;
    this.#anchor = anchor;
    [this.version, this.timezone] = [identity[0] ?? "", identity[1] ?? "UTC"];
  }

  /** Start the engine: tables are loaded when this resolves. */
  static async open(path: string, configPath: string): Promise<Engine> {
    const addon = loadAddon();
    const place = { path, arguments: [`--config-file=${configPath}`] };
    const anchor = addon.CreateConnection(place.path, place.arguments);
    if (anchor === null) throw new Error("chDB gave no connection");
    const reply = await addon.QueryAsyncConnection(anchor, "SELECT version(), timezone()", "TSV");
    return new Engine(addon, place, anchor, Buffer.from(reply.bytes).toString().trim().split("\t"));
  }

  /**
   * A connection for several queries, one at a time; the caller closes it. What a query sets for
   * itself is put back after it. Its `readonly` must be 0: the engine never takes that back.
   */
  openSession(): EngineSession {
    const opened = this.#connect();
    return {
      run: async (query, signal) => {
        const before = await this.#valuesBefore(opened.connection, query);
        try {
          return await this.#run(opened, query, signal);
        } finally {
          await this.#set(opened.connection, before.settings);
          if (query.database !== undefined) await this.#use(opened.connection, before.database);
        }
      },
      close: () => this.#addon.CloseConnection(opened.connection),
    };
  }

  /** Run one statement on a connection of its own. */
  async run(query: EngineQuery, signal: AbortSignal): Promise<EngineReply> {
    const opened = this.#connect();
    try {
      return await this.#run(opened, query, signal);
    } finally {
      this.#addon.CloseConnection(opened.connection);
    }
  }

  /** Close the engine. Nothing may run any more. */
  close(): void {
    this.#addon.CloseConnection(this.#anchor);
  }

  #connect(): Opened {
    const mark = randomUUID();
    const connectionArguments = [...this.#arguments, `--log_comment=${mark}`];
    const connection = this.#addon.CreateConnection(this.#path, connectionArguments);
    if (connection === null) throw exception("UNKNOWN_EXCEPTION", "The engine gave no connection");
    return { connection, mark };
  }

  async #query(connection: Connection, sql: string, format: string): Promise<QueryReply> {
    try {
      return await this.#addon.QueryAsyncConnection(connection, sql, format);
    } catch (error) {
      throw parseEngineError(error);
    }
  }

  async #set(
    connection: Connection,
    settings: readonly (readonly [name: string, value: string])[],
  ): Promise<void> {
    if (settings.length === 0) return;
    const pairs = settings.map(([name, value]) => {
      if (SETTING_NAME.test(name)) return `${name} = ${quote(value)}`;
      throw exception("UNKNOWN_SETTING", `Unknown setting '${name}'`);
    });
    await this.#query(connection, `SET ${pairs.join(", ")}`, "Null");
  }

  async #use(connection: Connection, database: string): Promise<void> {
    await this.#query(connection, `USE ${quoteName(database)}`, "Null");
  }

  /** What a named session must get back after a query with settings of its own. */
  async #valuesBefore(
    connection: Connection,
    query: EngineQuery,
  ): Promise<{ settings: [string, string][]; database: string }> {
    const names = query.settings.map(([name]) => name).filter((name) => !name.startsWith("param_"));
    const list = names.map(quote).join(", ");
    const sql =
      `SELECT currentDatabase(), '' UNION ALL ` +
      `SELECT name, value FROM system.settings WHERE name IN (''${names.length > 0 ? `, ${list}` : ""})`;
    const reply = await this.#query(connection, sql, "JSONCompactEachRow");
    const lines = Buffer.from(reply.bytes).toString().trim().split("\n");
    const rows = lines.map((line) => JSON.parse(line) as [string, string]);
    const settings = rows.filter(([name]) => names.includes(name));
    return { settings, database: rows.find(([name]) => !names.includes(name))?.[0] ?? "default" };
  }

  async #run(
    { connection, mark }: Opened,
    query: EngineQuery,
    signal: AbortSignal,
  ): Promise<EngineReply> {
    await this.#set(connection, query.settings);
    if (query.database !== undefined) await this.#use(connection, query.database);
    if (query.readonly !== 0) await this.#set(connection, [["readonly", String(query.readonly)]]);
    if (signal.aborted) throw exception("QUERY_WAS_CANCELLED", "Query was cancelled");
    const cancel = (): void => {
      const sql = `KILL QUERY WHERE Settings['log_comment'] = ${quote(mark)} ASYNC`;
      this.#addon.QueryAsyncConnection(this.#anchor, sql, "Null").catch(() => undefined);
    };
    if (query.cancellable) signal.addEventListener("abort", cancel, { once: true });
    try {
      return query.inserts
        ? await this.#insert(connection, query.sql)
        : await this.#read(connection, query);
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  async #read(connection: Connection, query: EngineQuery): Promise<EngineReply> {
    const reply = await this.#query(connection, query.sql, query.format);
    return {
      bytes: reply.bytes,
      elapsedSeconds: reply.elapsed,
      resultRows: reply.rowsRead,
      resultBytes: reply.bytesRead,
      writtenRows: 0,
      writtenBytes: 0,
    };
  }

  async #insert(connection: Connection, sql: string): Promise<EngineReply> {
    try {
      const reply = await this.#addon.InsertRawAsyncConnection(connection, sql, NO_DATA, false);
      return {
        bytes: NO_DATA,
        elapsedSeconds: reply.elapsed,
        resultRows: 0,
        resultBytes: 0,
        writtenRows: reply.rowsWritten,
        writtenBytes: reply.bytesWritten,
      };
    } catch (error) {
      throw parseEngineError(error);
    }
  }
}
