/**
 * The server as a function, for programs that embed it; everyone else runs `spanledger serve`.
 */
export { createLog, type Log } from "./base/log.ts";
export { type Config, ConfigError, readConfig } from "./config/config.ts";
export { type Ports, type RunningServer, startServer } from "./serve.ts";
