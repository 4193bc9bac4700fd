/**
 * Clients cut off within a request, or after it and before its answer; then they send it again.
 *
 * Also half a message in a whole request: that is refused for good, and nothing of it is kept.
 */
import { type OtlpPorts, postBytes } from "../clients.ts";
import { type CutPlace, cutGrpc, cutHttp } from "../cut-requests.ts";
import type { Load, LoadRequest } from "../load.ts";
import { encodeRequest } from "../otlp-bytes.ts";
import { type Outcome, play, type Scenario, type Stage } from "../scenario.ts";
import { until } from "../wait.ts";

const CUTS = { short: 150, long: 2_000 } as const;
const CONDITION_MAX_MS = 300_000;

export const clientCut: Scenario = {
  name: "client cut mid-request",
  async run(form, seed): Promise<Outcome> {
    let stage: Stage | undefined;
    let cuts = 0;
    const deliver = async (load: Load, request: LoadRequest): Promise<void> => {
      if (stage !== undefined && (await cut(stage, request))) {
        stage.fault();
        cuts += 1;
      }
      await load.deliver(request);
    };
    return play(clientCut.name, form, seed, { load: { deliver } }, async (current) => {
      stage = current;
      current.load.start();
      await until("requests were cut", CONDITION_MAX_MS, () => cuts >= CUTS[form]);
    });
  },
};

/** Send a request broken before it is sent whole, with the same bytes over the same transport. */
async function cut(
  { load, receiver, random, problems }: Stage,
  request: LoadRequest,
): Promise<boolean> {
  const { wire } = request.client;
  if (wire === undefined) return false;
  const body = encodeRequest(load.spansOf(request));
  if (random.chance(0.2)) {
    const half = body.subarray(0, random.integer(1, body.length - 1));
    const answer = await sendHalf(receiver.ports, half, wire);
    if (answer !== "rejected") {
      problems.push({ code: "FAULT", text: `half a message over ${wire} was ${answer}` });
    }
    return true;
  }
  const place: CutPlace = random.pick(["body", "answer"]);
  if (wire === "http") await cutHttp(receiver.ports, body, place, random);
  else await cutGrpc(receiver.ports, body, place, random);
  return true;
}

async function sendHalf(ports: OtlpPorts, half: Buffer, wire: "http" | "grpc"): Promise<string> {
  return (await postBytes(ports, half, wire)).kind;
}
