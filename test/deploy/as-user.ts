/**
 * A program: runs statements on the embedded engine as one of the users of the deployment.
 *
 * In: arguments `folder user`, and on standard input a JSON array of statements. Out: a JSON array of
 * `{"rows": …}` or `{"error": …}`, one for each. Side effects: an engine in that folder.
 *
 * The engine knows one user, `default`: it gets the profile and the grants of the user in question,
 * out of the file that the deployment mounts. One user per process, because an engine reads its
 * configuration once.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";

interface Engine {
  query(sql: string, format: string): string;
  close(): void;
}
type Chdb = { Session: new (path: string, options: { connectionArgs: string[] }) => Engine };

const CONFIG = new URL("../../receiver/deploy/clickhouse/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, CONFIG), "utf8");

/** The users file as one for an engine whose only user is `default`. */
function usersXml(user: string): string {
  const xml = read("users.xml");
  const [profiles = ""] = /<profiles>.*<\/profiles>/s.exec(xml) ?? [];
  const users = xml.slice(xml.indexOf("<users>"));
  const [, found] = new RegExp(`<${user}>(.*?)</${user}>`, "s").exec(users) ?? [];
  if (found === undefined) throw new Error(`users.xml has no user ${user}`);
  const body = found.replace(/<password[^>]*>/, "<password></password>");
  return `<clickhouse>${
    // Only a server knows this constraint; server.xml turns it on there.
    profiles.replace("<changeable_in_readonly/>", "").replace("<profiles>", "<profiles><default/>")
  }<quotas><default/></quotas><users><default>${body}</default></users></clickhouse>`;
}

function configXml(folder: string, usersFile: string): string {
  return read("storage.xml")
    .replaceAll("/var/lib/", `${folder}/`)
    .replace(
      "</clickhouse>",
      `<users_config>${usersFile}</users_config><logger><level>none</level></logger></clickhouse>`,
    );
}

const [folder = "", user = ""] = process.argv.slice(2);
const statements = JSON.parse(await text(process.stdin)) as readonly string[];
const [usersFile, configFile] = [join(folder, "users.xml"), join(folder, "config.xml")];
mkdirSync(folder, { recursive: true });
writeFileSync(usersFile, usersXml(user));
writeFileSync(configFile, configXml(folder, usersFile));

const require = createRequire(new URL("../../receiver/package.json", import.meta.url));
const { Session } = require("chdb") as Chdb;
const engine = new Session(join(folder, "engine"), {
  connectionArgs: [`--config-file=${configFile}`],
});
const answers = statements.map((statement) => {
  try {
    return { rows: engine.query(statement, "JSONEachRow") };
  } catch (error) {
    return { error: String(error) };
  }
});
engine.close();
process.stdout.write(JSON.stringify(answers));
