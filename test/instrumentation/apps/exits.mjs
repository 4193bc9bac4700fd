/** Records one run, then ends at once. Argument: `exit`, `throw` or `reject`. */
import "@spanledger/register";
import { workflow } from "@spanledger/api";

await workflow({ id: "exits", name: "exits" }, async () => "done");
process.stdout.write("done\n");
if (process.argv[2] === "exit") process.exit(5);
if (process.argv[2] === "throw") throw new RangeError("out of range");
void Promise.reject(new RangeError("out of range"));
