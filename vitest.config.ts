import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Longest time of one test, in milliseconds: real engines and real processes start in some. */
const TEST_TIMEOUT_MS = 60_000;

const config: ViteUserConfig = defineConfig({
  ssr: { resolve: { conditions: ["@spanledger/source", "node"] } },
  test: {
    include: ["{schema,instrumentation,receiver,dashboards,demo,test}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    // Processes, not threads: some tests start engines and patch modules for their whole process.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: TEST_TIMEOUT_MS,
    hookTimeout: TEST_TIMEOUT_MS,
    execArgv: ["--conditions=@spanledger/source"],
    reporters: ["default", "./test/reporter.ts"],
  },
});

export default config;
