/**
 * What the supervisor and its child process say to each other over Node's IPC channel.
 *
 * Types only. The configuration goes this way, not in arguments or the environment, because
 * it holds passwords.
 */
import type { EmbeddedErrorCode } from "./errors.ts";

/** A user of the HTTP interface. Without a password any password is accepted. */
export interface EmbeddedUser {
  readonly username: string;
  readonly password?: string;
}

/** Everything a child needs to serve. */
export interface ChildConfig {
  /** Directory of the engine's files, absolute. */
  readonly directory: string;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** May do everything that the engine's grants allow. */
  readonly defaultUser: EmbeddedUser;
  /** May only read. */
  readonly readonlyUser?: EmbeddedUser;
  readonly queriesMax: number;
  readonly resultMaxBytes: number;
  readonly insertBodyMaxBytes: number;
}

export type ParentMessage = { readonly type: "start"; readonly config: ChildConfig };

export type ChildMessage =
  | { readonly type: "ready"; readonly port: number; readonly version: string }
  | { readonly type: "failed"; readonly code: EmbeddedErrorCode; readonly message: string };
