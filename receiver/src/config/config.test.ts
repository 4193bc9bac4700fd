/**
 * Goal: every setting comes from the environment or the file, and a mistake is named with its fix.
 * Method: the parser as a function, with a real YAML file.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readConfig } from "./config.ts";

const dir = mkdtempSync(join(tmpdir(), "spanledger-config-"));
afterAll(() => rmSync(dir, { recursive: true }));

function yaml(text: string): string {
  const path = join(dir, `${Math.random().toString(36).slice(2)}.yaml`);
  writeFileSync(path, text);
  return path;
}

describe("readConfig", () => {
  test("has the documented defaults", () => {
    expect(readConfig({})).toEqual({
      host: "127.0.0.1",
      otlpGrpcPort: 4317,
      otlpHttpPort: 4318,
      apiPort: 8686,
      dataDir: resolve(".spanledger"),
      clickhousePort: 8123,
      clickhouseUser: "default",
      clickhousePassword: "",
      clickhouseReadonlyUser: "dashboards",
      clickhouseReadonlyPassword: "",
      workspace: "default",
      corsOrigins: [],
      spoolMaxBytes: 8_589_934_592,
      logLevel: "info",
    });
  });

  test("lets the environment win over the file", () => {
    const file = yaml("apiPort: 1000\nworkspace: from-file\n");
    const config = readConfig({ SPANLEDGER_API_PORT: "0" }, file);
    expect(config.apiPort).toBe(0);
    expect(config.workspace).toBe("from-file");
  });

  test("reads the file that SPANLEDGER_CONFIG names", () => {
    expect(readConfig({ SPANLEDGER_CONFIG: yaml("apiPort: 7") }).apiPort).toBe(7);
  });

  test("takes an empty file and an empty variable as nothing", () => {
    expect(readConfig({ SPANLEDGER_API_PORT: "" }, yaml("")).apiPort).toBe(8686);
  });

  test("reads origins from a variable with commas and from a list of the file", () => {
    const origins = ["https://shop.example", "http://localhost:3000"];
    const env = { SPANLEDGER_CORS_ORIGINS: "https://shop.example, http://localhost:3000" };
    expect(readConfig(env).corsOrigins).toEqual(origins);
    expect(readConfig({}, yaml(`corsOrigins: ${JSON.stringify(origins)}`)).corsOrigins).toEqual(
      origins,
    );
    expect(readConfig({ SPANLEDGER_CORS_ORIGINS: "*" }).corsOrigins).toEqual(["*"]);
  });

  test("is frozen", () => {
    expect(Object.isFrozen(readConfig({}))).toBe(true);
  });

  test.each([
    [{ SPANLEDGER_OTLP_GRPC_PROT: "1" }, /SPANLEDGER_OTLP_GRPC_PROT.*SPANLEDGER_OTLP_GRPC_PORT\?/],
    [{ SPANLEDGER_API_PORT: "65536" }, /apiPort \(SPANLEDGER_API_PORT\)/],
    [{ SPANLEDGER_API_PORT: "http" }, /apiPort \(SPANLEDGER_API_PORT\)/],
    [{ SPANLEDGER_HOST: "0.0.0.0" }, /host \(SPANLEDGER_HOST\): must be a loopback address/],
    [{ SPANLEDGER_HOST: "example.org" }, /must be a loopback address/],
    [{ SPANLEDGER_CLICKHOUSE_URL: "ftp://host" }, /clickhouseUrl/],
    [{ SPANLEDGER_WORKSPACE: "a b" }, /workspace/],
    [
      { SPANLEDGER_CORS_ORIGINS: "shop.example" },
      /corsOrigins \(SPANLEDGER_CORS_ORIGINS\).*origin/,
    ],
    [{ SPANLEDGER_CORS_ORIGINS: "https://shop.example/" }, /corsOrigins/],
    [{ SPANLEDGER_CORS_ORIGINS: "https://Shop.example" }, /corsOrigins/],
    [{ SPANLEDGER_LOG_LEVEL: "loud" }, /logLevel/],
  ])("refuses %o and names the key", (env, message) => {
    expect(() => readConfig(env)).toThrow(message);
  });

  test.each(["127.0.0.1", "127.8.9.10", "::1", "localhost"])("accepts the loopback %s", (host) => {
    expect(readConfig({ SPANLEDGER_HOST: host }).host).toBe(host);
  });

  test("names an unknown key of the file and the nearest known one", () => {
    expect(() => readConfig({}, yaml("apiProt: 1"))).toThrow(/apiProt.*apiPort\?/);
  });

  test("names a file that is no YAML, no mapping, or not there", () => {
    expect(() => readConfig({}, yaml("a: [1"))).toThrow(/can't be read as YAML/);
    expect(() => readConfig({}, yaml("- 1"))).toThrow(/must hold keys and values/);
    expect(() => readConfig({}, join(dir, "missing.yaml"))).toThrow(/missing\.yaml/);
  });

  test("leaves the variables of the instrumentation and the CLI alone", () => {
    expect(() =>
      readConfig({ SPANLEDGER_WORKFLOW_ID: "w", SPANLEDGER_URL: "http://127.0.0.1:1" }),
    ).not.toThrow();
  });
});
