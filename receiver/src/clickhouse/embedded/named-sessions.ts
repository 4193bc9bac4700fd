/**
 * Sessions by name (`session_id`): settings, the current database and temporary tables that stay
 * between requests, as in ClickHouse.
 *
 * In: a name and how long an unused session lives. Out: the session, for one query at a time.
 * Side effects: one engine connection per session, a timer per unused session.
 */
import type { EngineSession } from "./engine.ts";
import { exception } from "./exceptions.ts";
import { NAMED_SESSIONS_MAX } from "./limits.ts";

interface Entry {
  readonly session: EngineSession;
  busy: boolean;
  timer?: NodeJS.Timeout;
}

export class NamedSessions {
  readonly #open: () => EngineSession;
  readonly #entries = new Map<string, Entry>();

  constructor(open: () => EngineSession) {
    this.#open = open;
  }

  /**
   * Run `use` in the session of a name, which is made when it is not there.
   *
   * @throws {Exception} 372 unknown though it must exist, 373 in use, 202 too many sessions
   */
  async use<Result>(
    asked: { readonly id: string; readonly timeoutS: number; readonly mustExist: boolean },
    use: (session: EngineSession) => Promise<Result>,
  ): Promise<Result> {
    const entry = this.#entry(asked.id, asked.mustExist);
    entry.busy = true;
    clearTimeout(entry.timer);
    try {
      return await use(entry.session);
    } finally {
      entry.busy = false;
      entry.timer = setTimeout(() => this.#close(asked.id), asked.timeoutS * 1000);
      entry.timer.unref();
    }
  }

  closeAll(): void {
    for (const id of [...this.#entries.keys()]) this.#close(id);
  }

  #entry(id: string, mustExist: boolean): Entry {
    const known = this.#entries.get(id);
    if (known?.busy === true) {
      throw exception("SESSION_IS_LOCKED", "Session is locked by a concurrent client");
    }
    if (known !== undefined) return known;
    if (mustExist) throw exception("SESSION_NOT_FOUND", "Session not found");
    if (this.#entries.size >= NAMED_SESSIONS_MAX) {
      throw exception(
        "TOO_MANY_SIMULTANEOUS_QUERIES",
        `Too many named sessions. Maximum: ${NAMED_SESSIONS_MAX}`,
      );
    }
    const entry: Entry = { session: this.#open(), busy: false };
    this.#entries.set(id, entry);
    return entry;
  }

  #close(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    this.#entries.delete(id);
    entry.session.close();
  }
}
