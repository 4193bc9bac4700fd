"use strict";
// An application that has the API and no SDK; also imported by its twin of ES modules.
exports.run = async (api) => {
  const { action, approval, authenticate, checkpoint, decide, logFields, policy, step } = api;
  const signer = checkpoint.signer({
    id: "k1",
    algorithm: "hmac-sha256",
    secret: new Uint8Array(32).fill(7),
  });
  const facts = { workflow: "refund", run: "r-1", sequence: 1, previous: null };
  const here = { workflow: "refund", run: "r-1", minSequence: 0 };
  const definition = { nodes: { a: "START", b: "END" }, edges: [{ from: "a", to: "b" }] };
  const said = await api.workflow({ id: "refund", name: "Refund", definition }, async (run) => {
    const user = await authenticate("oidc", async () => "ann");
    const allowed = policy("refund_limit", () => "allow");
    const road = await step("choose", async () => decide("d", { options: ["a", "b"] }, "b"));
    const id = await action("shop.refund", async () => approval.request({ id: "q1" }));
    approval.resolve({ id, outcome: "approved" });
    const { signature } = checkpoint.sign("state", facts, signer);
    const { sequence } = checkpoint.verify("state", signature, here, signer);
    return [user, allowed, road, id, sequence, run.runId.length, Object.keys(logFields())];
  });
  process.stdout.write(`${JSON.stringify(said)}\n`);
};

if (require.main === module) void exports.run(require("@spanledger/api"));
