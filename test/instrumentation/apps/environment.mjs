/** Records one run with content, and says what would travel to other services. */
import "@spanledger/register";
import { context, propagation } from "@opentelemetry/api";
import { decide, step, workflow } from "@spanledger/api";

await workflow({ id: "env", name: "env" }, async () => {
  const carrier = {};
  propagation.inject(context.active(), carrier);
  process.stdout.write(Object.keys(carrier).toSorted().join());
  const greeting = await step("greet", { input: "Dear Ada" }, async () => "Dear Ada, hello");
  decide(
    "polite",
    { options: ["yes", "no"], inputs: { greeting }, reason: "the law" },
    () => "yes",
  );
  await step("fails", async () => {
    throw new RangeError("no such Ada");
  }).catch(() => undefined);
});
