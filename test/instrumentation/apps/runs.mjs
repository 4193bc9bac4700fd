/** Records some runs and ends. Argument: how many. */
import "@spanledger/register";
import { step, workflow } from "@spanledger/api";

for (let run = 0; run < Number(process.argv[2]); run += 1) {
  await workflow({ id: "runs", name: "runs" }, () => step("work", async () => run));
}
process.exitCode = 3;
process.stdout.write("done\n");
