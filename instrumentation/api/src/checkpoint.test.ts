/**
 * Goal: only the state that was signed, for this place, by an accepted key, is used.
 * Method: every part of a signed checkpoint is changed in turn; an independent HMAC recomputes one.
 */
import { createHash, createHmac, generateKeyPairSync, randomBytes } from "node:crypto";
import { SpanStatusCode } from "@opentelemetry/api";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type CheckpointErrorCode,
  type CheckpointExpectation,
  type CheckpointFacts,
  checkpoint,
} from "./index.ts";
import { type Recording, record, unregister } from "./spans.test.support.ts";

const STATE = '{"score":0.9}';
const HMAC = { id: "k1", algorithm: "hmac-sha256", secret: randomBytes(32) } as const;
const PAIR = generateKeyPairSync("ed25519");
const ED25519 = { id: "e1", algorithm: "ed25519", privateKey: PAIR.privateKey } as const;
const SIGNER = checkpoint.signer(HMAC);

const FACTS = {
  id: "c-2",
  workspace: "emea",
  workflow: "refund",
  run: "r-1",
  sequence: 2,
  previous: "slcp1.k1.x.before",
  codeVersion: "1.2.0",
} as const satisfies CheckpointFacts;
const HERE = {
  workspace: "emea",
  workflow: "refund",
  run: "r-1",
  minSequence: 2,
} as const satisfies CheckpointExpectation;

const signature = (facts: CheckpointFacts = FACTS): string =>
  checkpoint.sign(STATE, facts, SIGNER).signature;

function refusal(
  token: unknown,
  expected: CheckpointExpectation = HERE,
  state: Uint8Array | string = STATE,
): unknown {
  try {
    checkpoint.verify(state, token, expected, SIGNER);
  } catch (error) {
    return (error as { code: unknown }).code;
  }
  return undefined;
}

let recording: Recording;
beforeEach(() => {
  recording = record();
});
afterEach(unregister);

describe("a signed checkpoint", () => {
  test("is verified, and both are recorded", () => {
    const signed = checkpoint.sign(STATE, FACTS, SIGNER);
    const sha256 = createHash("sha256").update(STATE).digest("hex");
    const facts = {
      id: "c-2",
      workspace: "emea",
      workflow: "refund",
      run: "r-1",
      sequence: 2,
      codeVersion: "1.2.0",
      keyId: "k1",
      sha256,
    };
    expect(checkpoint.verify(STATE, signed.signature, HERE, SIGNER)).toEqual(facts);
    const recorded = {
      [WORKFLOW.checkpointId]: "c-2",
      [WORKFLOW.checkpointSequence]: 2,
      [WORKFLOW.checkpointSha256]: sha256,
      [WORKFLOW.checkpointKeyId]: "k1",
    };
    expect(recording.one("save_checkpoint").attributes).toEqual(recorded);
    expect(recording.one("load_checkpoint").attributes).toEqual({
      ...recorded,
      [WORKFLOW.checkpointVerified]: true,
    });
  });

  test("is an HMAC-SHA256 that anybody with the key can recompute", () => {
    const [format, keyId, payload = "", mac] = signature().split(".");
    expect([format, keyId]).toEqual(["slcp1", "k1"]);
    const facts = Buffer.from(payload, "base64url").toString();
    expect(facts).toBe(
      '{"codeVersion":"1.2.0","id":"c-2","previous":"before","run":"r-1","sequence":2,' +
        `"state":"${createHash("sha256").update(STATE).digest("hex")}",` +
        '"workflow":"refund","workspace":"emea"}',
    );
    const signed = `spanledger checkpoint v1\nk1\n${facts}`;
    const expected = createHmac("sha256", HMAC.secret).update(signed).digest("base64url");
    expect(mac).toBe(expected);
  });

  test("is verified with the public key alone, where it is Ed25519", () => {
    const { signature: token } = checkpoint.sign(STATE, FACTS, checkpoint.signer(ED25519));
    const publicKey = PAIR.publicKey.export({ type: "spki", format: "pem" }).toString();
    const verifier = checkpoint.verifier([{ id: "e1", algorithm: "ed25519", publicKey }]);
    expect(checkpoint.verify(STATE, token, HERE, verifier).keyId).toBe("e1");
    // @ts-expect-error a verifier does not sign
    expect(() => checkpoint.sign(STATE, FACTS, verifier)).toThrow(TypeError);
  });

  test("stays good while its key is rotated out, and is refused afterwards", () => {
    const token = signature();
    const next = { id: "k2", algorithm: "hmac-sha256", secret: randomBytes(32) } as const;
    expect(checkpoint.verify(STATE, token, HERE, checkpoint.signer(next, [HMAC])).keyId).toBe("k1");
    expect(() => checkpoint.verify(STATE, token, HERE, checkpoint.signer(next))).toThrow(
      expect.objectContaining({ code: "CHECKPOINT_KEY_UNKNOWN" }),
    );
  });

  test("is the same for text and for its bytes", () => {
    const { sha256 } = checkpoint.verify(Buffer.from(STATE), signature(), HERE, SIGNER);
    expect(sha256).toBe(createHash("sha256").update(STATE).digest("hex"));
  });
});

describe("a checkpoint is refused", () => {
  test.each([undefined, null, ""])("without a signature (%j)", (token) => {
    expect(refusal(token)).toBe("CHECKPOINT_UNSIGNED");
  });

  test.each([
    "x",
    "slcp1.k1.e30",
    "slcp2.k1.e30.e30",
    "slcp1.k 1.e30.e30",
    `slcp1.k1.${"A".repeat(50_000)}.e30`,
    { toString: () => "slcp1.k1.e30.e30" },
    42,
  ])("with something that is no signature (%#)", (token) => {
    expect(refusal(token)).toBe("CHECKPOINT_MALFORMED");
  });

  test("where any one character of its signature is another", () => {
    const token = signature();
    const codes = new Set<unknown>();
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === "A" ? "B" : "A";
      codes.add(refusal(token.slice(0, at) + other + token.slice(at + 1)));
    }
    const expected: CheckpointErrorCode[] = [
      "CHECKPOINT_MALFORMED",
      "CHECKPOINT_KEY_UNKNOWN",
      "CHECKPOINT_FORGED",
    ];
    expect(codes).toEqual(new Set(expected));
  });

  test("where the facts of another one stand before its signature", () => {
    const [format, key, , mac] = signature().split(".");
    const [, , payload] = signature({ ...FACTS, sequence: 3 }).split(".");
    expect(refusal([format, key, payload, mac].join("."))).toBe("CHECKPOINT_FORGED");
  });

  test("where another key has the same id", () => {
    const thief = checkpoint.signer({ ...HMAC, secret: randomBytes(32) });
    expect(refusal(checkpoint.sign(STATE, FACTS, thief).signature)).toBe("CHECKPOINT_FORGED");
  });

  test.each([
    ["CHECKPOINT_STATE_CHANGED", HERE, `${STATE} `],
    ["CHECKPOINT_STATE_CHANGED", HERE, ""],
    ["CHECKPOINT_ELSEWHERE", { ...HERE, workspace: "apac" }, STATE],
    ["CHECKPOINT_ELSEWHERE", { ...HERE, workspace: undefined }, STATE],
    ["CHECKPOINT_ELSEWHERE", { ...HERE, workflow: "payout" }, STATE],
    ["CHECKPOINT_ELSEWHERE", { ...HERE, run: "r-2" }, STATE],
    ["CHECKPOINT_ELSEWHERE", { ...HERE, id: "c-1" }, STATE],
    ["CHECKPOINT_OLD", { ...HERE, minSequence: 3 }, STATE],
    ["CHECKPOINT_OLD", { ...HERE, minSequence: Number.NaN }, STATE],
    ["CHECKPOINT_CHAIN_BROKEN", { ...HERE, previous: null }, STATE],
    ["CHECKPOINT_CHAIN_BROKEN", { ...HERE, previous: "slcp1.k1.x.other" }, STATE],
    ["CHECKPOINT_CODE_VERSION_REFUSED", { ...HERE, codeVersions: ["1.1.0"] }, STATE],
  ])("as %s (%#)", (code, expected, state) => {
    expect(refusal(signature(), expected, state)).toBe(code);
  });

  test("with a span that says so, and with no content in the message", () => {
    expect(refusal(signature(), { ...HERE, id: "c-2" }, '{"card":"4111"}')).toBeDefined();
    const { attributes, status } = recording.one("load_checkpoint");
    expect(attributes).toEqual({
      [WORKFLOW.checkpointId]: "c-2",
      [WORKFLOW.checkpointVerified]: false,
      [OTEL.errorType]: "CHECKPOINT_STATE_CHANGED",
    });
    expect(status).toEqual({
      code: SpanStatusCode.ERROR,
      message: "the state is not the one that was signed",
    });
  });

  test("without an SDK as well", () => {
    unregister();
    expect(refusal(undefined)).toBe("CHECKPOINT_UNSIGNED");
    expect(refusal(signature())).toBeUndefined();
  });
});

describe("keys and facts", () => {
  test.each([
    { id: "k", algorithm: "hmac-sha256", secret: randomBytes(31) },
    { id: "", algorithm: "hmac-sha256", secret: randomBytes(32) },
    { id: "a.b", algorithm: "hmac-sha256", secret: randomBytes(32) },
    { id: "k", algorithm: "ed25519", privateKey: PAIR.publicKey },
    { id: "k", algorithm: "ed25519", privateKey: "-----BEGIN" },
    {
      id: "k",
      algorithm: "ed25519",
      privateKey: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
    },
  ] as const)("are refused where they are weak or wrong (%#)", (key) => {
    expect(() => checkpoint.signer(key)).toThrow(
      expect.objectContaining({ code: "CHECKPOINT_KEY_REFUSED" }),
    );
  });

  test("are refused where two keys have one id", () => {
    expect(() => checkpoint.verifier([HMAC, { ...ED25519, id: "k1" }])).toThrow(
      expect.objectContaining({ code: "CHECKPOINT_KEY_REFUSED" }),
    );
  });

  test.each([
    { ...FACTS, sequence: -1 },
    { ...FACTS, sequence: 1.5 },
    { ...FACTS, run: "x".repeat(513) },
    { ...FACTS, workflow: "\ud800" },
  ])("are refused where they cannot be signed (%#)", (facts) => {
    expect(() => checkpoint.sign(STATE, facts, SIGNER)).toThrow(
      expect.objectContaining({ code: "CHECKPOINT_FACT_REFUSED" }),
    );
  });

  test("are taken up to their limits", () => {
    const run = "€".repeat(512);
    const sequence = Number.MAX_SAFE_INTEGER;
    const facts = { ...FACTS, run, workflow: run, codeVersion: run, id: run, sequence };
    const here = { ...HERE, run, workflow: run };
    expect(checkpoint.verify(STATE, signature(facts), here, SIGNER).sequence).toBe(sequence);
  });

  test("do not show in text or JSON", () => {
    const secret = Buffer.from("0123456789abcdef0123456789abcdef");
    const signer = checkpoint.signer({ id: "k", algorithm: "hmac-sha256", secret });
    expect(JSON.stringify(signer)).toBe("{}");
    expect(Object.keys(signer)).toEqual([]);
  });
});
