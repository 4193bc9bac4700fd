/** Records one run, then waits for a signal. With `handler`, the application has its own. */
import "@spanledger/register";
import { workflow } from "@spanledger/api";

const alive = setInterval(() => {}, 1_000);
if (process.argv[2] === "handler") {
  process.on("SIGTERM", () => {
    process.stdout.write("cleaning up\n");
    clearInterval(alive);
    process.exitCode = 7;
  });
}
await workflow({ id: "waits", name: "waits" }, async () => "done");
process.stdout.write("ready\n");
