/**
 * One query over HTTP, from its request to its answer.
 *
 * In: a request, its URL parameters and the engine. Out: the answer on the response. Side
 * effects: what the statement does; a spool file while an insert's rows arrive.
 */
import { rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { Body, ClientGone } from "./body.ts";
import { authenticate } from "./credentials.ts";
import type { Engine, EngineQuery, EngineReply } from "./engine.ts";
import { Exception, exception, parseEngineError } from "./exceptions.ts";
import { answerHandshake } from "./handshake.ts";
import type { ChildConfig } from "./messages.ts";
import type { NamedSessions } from "./named-sessions.ts";
import { DISPLAY_NAME, sendException, sendReply, setCommonHeaders } from "./reply.ts";
import { type RequestOptions, readerMaySet, readOptions, readQueryId } from "./request-options.ts";
import type { Slots } from "./slots.ts";
import { type InsertData, readStatement, type Statement } from "./statement.ts";

/** What a query needs beside its request. */
export interface QueryService {
  readonly config: ChildConfig;
  readonly engine: Engine;
  readonly slots: Slots;
  readonly sessions: NamedSessions;
  readonly spoolDirectory: string;
}

interface ReadQuery {
  readonly statement: Statement;
  /** The first bytes of an insert's rows. */
  readonly dataHead: Buffer;
}

const EMPTY = Buffer.alloc(0);

/** Statements of a session that change only the session. */
const SESSION_KEYWORDS = new Set(["SET", "USE"]);

/**
 * Refuse what a readonly request may not do, before its rows are spooled. The engine refuses most
 * of it too, but not KILL QUERY, since all queries belong to one user there; and a named session
 * could never leave the engine's readonly mode again, so it is not put into it.
 */
function refuseWrites(statement: Statement, options: RequestOptions, method: string): void {
  if (options.readonly === 0 || statement.reads) return;
  if (SESSION_KEYWORDS.has(statement.keyword)) return;
  const hint = method === "POST" ? "" : ". Use the method POST for queries that change something";
  throw exception("READONLY", `Cannot execute query in readonly mode${hint}`);
}

async function readQuery(body: Body, options: RequestOptions): Promise<ReadQuery> {
  const fromUrl = options.query === "" ? EMPTY : Buffer.from(`${options.query}\n`, "utf8");
  const sizeMax = options.querySizeMaxBytes;
  const tooLarge = (): Exception =>
    exception("SYNTAX_ERROR", `Max query size exceeded (${sizeMax} bytes); see max_query_size`);
  if (fromUrl.length > sizeMax + 1) throw tooLarge();
  const head = Buffer.concat([fromUrl, await body.head(sizeMax + 1)]);
  const isCut = head.length > sizeMax + fromUrl.length || !(await body.isAtEnd());
  let statement: Statement;
  try {
    statement = readStatement(head);
  } catch (error) {
    // A statement that was cut in the middle has no end to find fault with.
    if (isCut && error instanceof Exception && error.codeName === "SYNTAX_ERROR") throw tooLarge();
    throw error;
  }
  if (statement.insert === undefined) {
    if (isCut || head.length > sizeMax + 1) throw tooLarge();
    return { statement, dataHead: EMPTY };
  }
  if (statement.insert.dataStart > sizeMax + 1) throw tooLarge();
  return { statement, dataHead: head.subarray(statement.insert.dataStart) };
}

/** The insert as chDB takes it: rows from a file, read by the format's own parser. */
function insertFromFile(insert: InsertData, name: string): string {
  return (
    `${insert.target} FROM INFILE '${name}' COMPRESSION 'none' ` +
    `${insert.settings} FORMAT ${insert.format}`
  );
}

function engineQuery(statement: Statement, options: RequestOptions, sql: string): EngineQuery {
  // The engine lets a readonly query name the value that a setting has already, so what the
  // read-only user may change inside the query is set before.
  const allowed = statement.settings.filter(([name]) => readerMaySet(name));
  const settings =
    options.role === "reader" ? [...options.settings, ...allowed] : [...options.settings];
  const inSession = options.session !== undefined && options.role === "writer";
  return {
    sql,
    format: options.defaultFormat,
    ...(options.database === undefined ? {} : { database: options.database }),
    settings,
    readonly: inSession ? 0 : options.readonly,
    inserts: statement.keyword === "INSERT",
    cancellable: statement.reads,
  };
}

async function runQuery(
  service: QueryService,
  query: EngineQuery,
  options: RequestOptions,
  signal: AbortSignal,
): Promise<EngineReply> {
  const release = await service.slots.take(signal);
  try {
    if (options.session === undefined || options.role === "reader") {
      return await service.engine.run(query, signal);
    }
    return await service.sessions.use(options.session, (session) => session.run(query, signal));
  } finally {
    release();
  }
}

async function runStatement(
  service: QueryService,
  body: Body,
  { statement, dataHead }: ReadQuery,
  options: RequestOptions,
  signal: AbortSignal,
): Promise<EngineReply> {
  if (statement.insert === undefined) {
    return runQuery(service, engineQuery(statement, options, statement.text), options, signal);
  }
  const { spoolDirectory, config } = service;
  const name = await body.spool(spoolDirectory, dataHead, config.insertBodyMaxBytes);
  try {
    const sql = insertFromFile(statement.insert, name);
    return await runQuery(service, engineQuery(statement, options, sql), options, signal);
  } finally {
    await rm(join(spoolDirectory, name), { force: true });
  }
}

function handshakeReply(
  service: QueryService,
  statement: Statement,
  options: RequestOptions,
): EngineReply | undefined {
  if (options.protocolVersion === 0) return undefined;
  const format = statement.format ?? options.defaultFormat;
  if (format.toLowerCase() !== "native") return undefined;
  const { version, timezone } = service.engine;
  const bytes = answerHandshake(statement.text, { displayName: DISPLAY_NAME, version, timezone });
  if (bytes === undefined) return undefined;
  const counts = { resultRows: 1, resultBytes: bytes.length, writtenRows: 0, writtenBytes: 0 };
  return { bytes, elapsedSeconds: 0, ...counts };
}

async function answer(
  service: QueryService,
  request: IncomingMessage,
  response: ServerResponse,
  url: URLSearchParams,
): Promise<void> {
  const queryId = readQueryId(url);
  setCommonHeaders(response, queryId, service.engine.timezone);
  const { defaultUser, readonlyUser } = service.config;
  const users = { writer: defaultUser, ...(readonlyUser ? { reader: readonlyUser } : {}) };
  const role = authenticate(request.headers, url, users);
  const method = request.method ?? "GET";
  const options = readOptions({ headers: request.headers, method }, url, role, queryId);
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  const body = new Body(request);
  const read = await readQuery(body, options);
  refuseWrites(read.statement, options, method);
  const reply =
    handshakeReply(service, read.statement, options) ??
    (await runStatement(service, body, read, options, gone.signal));
  if (gone.signal.aborted) return;
  await sendReply(response, reply, {
    format: read.statement.format ?? options.defaultFormat,
    gzip: options.gzipReply,
    gzipLevel: options.gzipLevel,
  });
}

/** Answer one query. Never rejects: whatever goes wrong is the answer. */
export async function handleQuery(
  service: QueryService,
  request: IncomingMessage,
  response: ServerResponse,
  url: URLSearchParams,
): Promise<void> {
  try {
    await answer(service, request, response, url);
  } catch (error) {
    if (error instanceof ClientGone) {
      response.destroy();
      return;
    }
    const known = error instanceof Exception ? error : parseEngineError(error);
    sendException(response, known, service.engine.version);
  }
}
