/**
 * Goal: docker-compose.yml is complete, pinned, closed to the outside and fits the rest of the
 * repository, so that `docker compose up` needs passwords and nothing else.
 * Method: parse it and hold it against the files it mounts, the receiver's own configuration parser,
 * the Collector's configuration and the provisioning. No container is started.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { readConfig } from "../../receiver/src/config/config.ts";
import { COLLECTOR_VERSION } from "../collector/build.ts";

const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
/** Every file of a folder of the repository, below it. */
const filesIn = (path: string): readonly string[] =>
  readdirSync(join(ROOT, path), { recursive: true, encoding: "utf8" });

const text = read("docker-compose.yml");

const serviceShape = z.strictObject({
  image: z.string(),
  build: z
    .strictObject({
      context: z.string().optional(),
      dockerfile: z.string().optional(),
      dockerfile_inline: z.string().optional(),
    })
    .optional(),
  restart: z.literal("unless-stopped"),
  security_opt: z.tuple([z.literal("no-new-privileges:true")]),
  logging: z.object({ options: z.object({ "max-size": z.string(), "max-file": z.string() }) }),
  cap_drop: z.array(z.string()).default([]),
  read_only: z.boolean().default(false),
  tmpfs: z.array(z.string()).default([]),
  network_mode: z.string().optional(),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({ condition: z.literal("service_healthy"), restart: z.boolean().optional() }),
    )
    .default({}),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  ulimits: z.unknown().optional(),
  mem_limit: z.string(),
  stop_grace_period: z.string().optional(),
  healthcheck: z.strictObject({
    test: z.tuple([z.literal("CMD")]).rest(z.string()),
    interval: z.string(),
    timeout: z.string(),
    retries: z.number(),
    start_period: z.string().optional(),
  }),
});
const compose = z
  .strictObject({
    name: z.literal("spanledger"),
    "x-restart": z.unknown(),
    "x-node": z.unknown(),
    services: z.record(z.string(), serviceShape),
    volumes: z.record(z.string(), z.null()),
  })
  .parse(parse(text, { merge: true }));
const services = Object.entries(compose.services);
const serviceNames = Object.keys(compose.services);

function service(name: string): z.infer<typeof serviceShape> {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
}

describe("every service", () => {
  test("is one of the five, with a health check, a memory limit and bounded logs", () => {
    expect(serviceNames).toEqual(["clickhouse", "pod", "receiver", "collector", "grafana"]);
  });

  test.each(services)("%s: has images pinned to a full version", (_name, { image, build }) => {
    const dockerfile =
      build?.dockerfile_inline ?? (build?.dockerfile === undefined ? "" : read(build.dockerfile));
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    for (const name of [image, ...bases])
      expect(name).toMatch(/^[\w./-]+:\d+\.\d+\.\d+(-[a-z]+)?$/);
  });

  test.each(services)("%s: publishes ports on loopback only", (_name, { ports }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test.each(services)("%s: mounts what is in the repository, read-only", (_name, { volumes }) => {
    for (const volume of volumes) {
      const [source = "", , mode] = volume.split(":");
      if (!source.startsWith("./")) {
        expect(Object.keys(compose.volumes)).toContain(source);
        continue;
      }
      expect(mode, source).toBe("ro");
      const isFile = /\.\w+$/.test(source);
      expect(isFile ? read(source) : filesIn(source), source).not.toHaveLength(0);
    }
  });

  test("depends on services that there are", () => {
    for (const [, { depends_on: needs, network_mode: network }] of services) {
      expect(serviceNames).toEqual(expect.arrayContaining(Object.keys(needs)));
      if (network !== undefined) expect(serviceNames).toContain(network.replace("service:", ""));
    }
  });

  test("but ClickHouse, which changes users itself, drops every capability", () => {
    const keep = services.filter(([, { cap_drop: dropped }]) => dropped[0] !== "ALL");
    expect(keep.map(([name]) => name)).toEqual(["clickhouse"]);
  });
});

describe("passwords", () => {
  test("come from the environment, which must have them", () => {
    const secrets = services.flatMap(([, { environment }]) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|SECRET|TOKEN|KEY/.test(name)),
    );
    expect(secrets).toHaveLength(5);
    for (const [name, value] of secrets) expect(value, name).toMatch(/^\$\{[A-Z_]+:\?[^}]+\}$/);
  });

  test("are named in the file's header, each of them", () => {
    const asked = new Set([...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name));
    const documented = [...text.matchAll(/^# {3}([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(new Set(documented)).toEqual(asked);
  });

  test("of ClickHouse's users are none that a file holds", () => {
    const users = read("receiver/deploy/clickhouse/users.xml");
    const given = [...users.matchAll(/<password[^>]*>/g)].map(([tag]) => tag);
    const names = given.map((tag) => /^<password from_env="(\w+)"\/>$/.exec(tag)?.[1]);
    expect(names).toEqual(["SPANLEDGER_CLICKHOUSE_PASSWORD", "SPANLEDGER_DASHBOARDS_PASSWORD"]);
    for (const name of names)
      expect(service("clickhouse").environment).toHaveProperty([name ?? ""]);
    expect(users).toContain('<default remove="remove"/>');
  });
});

describe("the receiver", () => {
  const { environment } = service("receiver");

  test("knows every variable that it is given, and stays on loopback", () => {
    const config = readConfig({ ...environment, SPANLEDGER_CLICKHOUSE_PASSWORD: "x" });
    expect(config).toMatchObject({
      host: "127.0.0.1",
      otlpGrpcPort: 14_317,
      apiPort: 8_686,
      clickhouseUrl: "http://clickhouse:8123",
      clickhouseUser: "spanledger",
    });
    expect(service("receiver").healthcheck.test.at(-1)).toContain(
      `http://${config.host}:${config.apiPort}/api/v1/health`,
    );
  });

  test("shares its network with the Collector, and only the Collector's ports are published", () => {
    expect(service("receiver").network_mode).toBe("service:pod");
    expect(service("collector").network_mode).toBe("service:pod");
    expect(service("pod").ports).toEqual(["127.0.0.1:4317:4317", "127.0.0.1:4318:4318"]);
  });

  test("is built with the Node.js of the repository, from every workspace's manifest", () => {
    const manifest = z
      .object({ workspaces: z.array(z.string()), devDependencies: z.object({ node: z.string() }) })
      .parse(JSON.parse(read("package.json")));
    const dockerfile = read("receiver/deploy/Dockerfile");
    const bases = new Set([...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base));
    expect([...bases]).toEqual([`node:${manifest.devDependencies.node}-slim`]);
    for (const folder of manifest.workspaces) {
      expect(dockerfile).toContain(`COPY ${folder}/package.json ${folder}/\n`);
    }
    expect(dockerfile).toMatch(/^USER node$/m);
  });
});

describe("the Collector", () => {
  const { environment, build } = service("collector");
  const config = read("otel-collector.yaml");

  test("is of the version that the tests build, with variables that its configuration reads", () => {
    expect(build?.dockerfile_inline).toContain(
      `opentelemetry-collector-contrib:${COLLECTOR_VERSION}`,
    );
    for (const name of Object.keys(environment).filter((key) => key.startsWith("SPANLEDGER_"))) {
      expect(config).toContain(`\${env:${name}:-`);
    }
  });

  test("sends to the port on which the receiver listens", () => {
    const port = service("receiver").environment.SPANLEDGER_OTLP_GRPC_PORT;
    expect(environment.SPANLEDGER_OTLP_ENDPOINT).toBe(`127.0.0.1:${port}`);
  });
});

describe("Grafana", () => {
  const { environment, volumes } = service("grafana");

  test("has every variable that the data source's provisioning reads", () => {
    const provisioning = read("dashboards/grafana/provisioning/datasources/spanledger.yaml");
    const asked = [...provisioning.matchAll(/\$(\w+)/g)].map(([, name]) => name ?? "");
    expect(asked).toHaveLength(3);
    for (const name of asked) expect(environment).toHaveProperty([name]);
  });

  test("has the dashboards where the provisioning looks for them", () => {
    const { providers } = z
      .object({ providers: z.array(z.object({ options: z.object({ path: z.string() }) })) })
      .parse(parse(read("dashboards/grafana/provisioning/dashboards/spanledger.yaml")));
    expect(volumes).toContain(`./dashboards/grafana/dashboards:${providers[0]?.options.path}:ro`);
  });

  test("gets the plugin of the version that the queries were written for", () => {
    const dashboard = read("dashboards/grafana/dashboards/runs.json");
    const versions = new Set(
      [...dashboard.matchAll(/"pluginVersion": "([^"]+)"/g)].map(([, version]) => version),
    );
    expect(environment.GF_PLUGINS_PREINSTALL_SYNC).toBe(
      `grafana-clickhouse-datasource@${[...versions].join()}`,
    );
  });

  test("asks ClickHouse as the user who may only read", () => {
    const user = environment.SPANLEDGER_DASHBOARDS_CLICKHOUSE_USER;
    expect(read("receiver/deploy/clickhouse/users.xml")).toContain(`<${user}>\n      <password`);
    expect(environment.SPANLEDGER_DASHBOARDS_CLICKHOUSE_PASSWORD).toMatch(
      /^\$\{SPANLEDGER_DASHBOARDS_PASSWORD:/,
    );
  });
});
