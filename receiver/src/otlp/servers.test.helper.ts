/**
 * What the tests of both servers share: a log that remembers, a handler that remembers.
 */
import type { OtlpServerOptions } from "./server-options.ts";
import type { ExportOutcome, ExportRequest, OtlpLog } from "./types.ts";

export const DONE: ExportOutcome = { rejected: 0, message: "" };

/** Everything a server did, for a test to look at. */
export interface Recorder {
  readonly requests: ExportRequest[];
  readonly lines: string[];
  readonly options: OtlpServerOptions;
  /** What the handler does next; resolves with {@link DONE} unless changed. */
  respond: (request: ExportRequest) => Promise<ExportOutcome>;
}

/** Options for a server on a free port of loopback. */
export function recorder(changes: Partial<OtlpServerOptions> = {}): Recorder {
  const lines: string[] = [];
  const write = (fields: object, message: string): void => {
    lines.push(`${JSON.stringify(fields)} ${message}`);
  };
  const log: OtlpLog = { debug: write, warn: write, error: write };
  const requests: ExportRequest[] = [];
  const self: Recorder = {
    requests,
    lines,
    respond: async () => DONE,
    options: {
      host: "127.0.0.1",
      port: 0,
      log,
      handler: (request) => {
        requests.push(request);
        return self.respond(request);
      },
      ...changes,
    },
  };
  return self;
}
