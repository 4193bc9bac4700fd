/**
 * Goal: every place of a span is redacted, shared objects stay shared, and a span that holds
 * nothing costs nothing. Method: spans built by hand.
 */

import { describe, expect, it } from "vitest";
import type { AttributeMap, AttributeValue, DecodedSpan } from "../base/records.ts";
import { createRedactor, RedactError } from "./index.ts";

const KEY = new Uint8Array(32).fill(7);
const redactor = createRedactor({ key: KEY });
const { token } = redactor;
const MAIL = "jane@acme.com";
const MAIL_TOKEN = token("email", MAIL);

function attributes(entries: Record<string, AttributeValue>): AttributeMap {
  return new Map(Object.entries(entries));
}

function makeSpan(part: Partial<DecodedSpan> = {}): DecodedSpan {
  return {
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "00f067aa0ba902b7",
    parentSpanId: "",
    traceState: "",
    flags: 0,
    name: "chat gpt-x",
    kind: "Client",
    startNs: 1_700_000_000_000_000_000n,
    endNs: 1_700_000_001_000_000_000n,
    attributes: new Map(),
    events: [],
    links: [],
    statusCode: "Unset",
    statusMessage: "",
    droppedAttributes: 1,
    droppedEvents: 2,
    droppedLinks: 3,
    resource: { attributes: attributes({ "service.name": "triage" }) },
    scope: { name: "lib", version: "1.2.3", attributes: new Map() },
    ...part,
  };
}

function redactValue(key: string, value: AttributeValue): AttributeValue | undefined {
  const span = makeSpan({ attributes: new Map([[key, value]]) });
  return redactor.span(span).attributes.get(key);
}

describe("span", () => {
  it("redacts every place and counts it", () => {
    const dirty = attributes({ a: MAIL });
    const out = redactor.span(
      makeSpan({
        name: `send ${MAIL}`,
        traceState: `v=${MAIL}`,
        statusMessage: `no ${MAIL}`,
        attributes: new Map<string, AttributeValue>([
          [MAIL, 1n],
          ["nested", [attributes({ [`k ${MAIL}`]: [MAIL, true] })]],
          ["bytes", new TextEncoder().encode(`x ${MAIL}`)],
        ]),
        events: [{ timeNs: 1n, name: `e ${MAIL}`, attributes: dirty }],
        links: [{ traceId: "a", spanId: "b", traceState: MAIL, attributes: dirty }],
        resource: { attributes: dirty },
        scope: { name: MAIL, version: MAIL, attributes: dirty },
      }),
    );
    expect(out).toEqual({
      ...makeSpan(),
      name: `send ${MAIL_TOKEN}`,
      traceState: `v=${MAIL_TOKEN}`,
      statusMessage: `no ${MAIL_TOKEN}`,
      attributes: new Map<string, unknown>([
        [MAIL_TOKEN, 1n],
        ["nested", [new Map([[`k ${MAIL_TOKEN}`, [MAIL_TOKEN, true]]])]],
        ["bytes", new TextEncoder().encode(`x ${MAIL_TOKEN}`)],
      ]),
      events: [{ timeNs: 1n, name: `e ${MAIL_TOKEN}`, attributes: new Map([["a", MAIL_TOKEN]]) }],
      links: [
        {
          traceId: "a",
          spanId: "b",
          traceState: MAIL_TOKEN,
          attributes: new Map([["a", MAIL_TOKEN]]),
        },
      ],
      resource: { attributes: new Map([["a", MAIL_TOKEN]]) },
      scope: {
        name: MAIL_TOKEN,
        version: MAIL_TOKEN,
        attributes: new Map([["a", MAIL_TOKEN]]),
      },
      redactions: new Map([["email", 15]]),
    });
  });

  it("keeps the objects of a span that holds nothing", () => {
    const span = makeSpan({
      attributes: attributes({ a: "b", n: 5n, l: ["x"], m: attributes({ y: null }) }),
      events: [{ timeNs: 1n, name: "e", attributes: attributes({ z: 1 }) }],
    });
    const out = redactor.span(span);
    expect(out.attributes).toBe(span.attributes);
    expect(out.events).toBe(span.events);
    expect(out.links).toBe(span.links);
    expect(out.resource).toBe(span.resource);
    expect(out.redactions.size).toBe(0);
  });

  it("keeps sharing resources and scopes, and counts them for every span", () => {
    const resource = { attributes: attributes({ owner: MAIL }) };
    const scope = { name: MAIL, version: "", attributes: new Map() };
    const first = redactor.span(makeSpan({ resource, scope }));
    const second = redactor.span(makeSpan({ resource, scope }));
    expect(second.resource).toBe(first.resource);
    expect(second.scope).toBe(first.scope);
    expect(second.redactions).toEqual(new Map([["email", 2]]));
  });

  it("keeps the order of attributes", () => {
    const span = makeSpan({ attributes: attributes({ a: "1", b: MAIL, c: "3" }) });
    expect([...redactor.span(span).attributes.keys()]).toEqual(["a", "b", "c"]);
  });
});

describe("values under telling keys", () => {
  it("replaces strings, maps and lists of maps under a secret's key", () => {
    expect(redactValue("db.password", "letmein")).toBe(token("secret", "letmein"));
    expect(redactValue("http.request.header.authorization", ["Bearer x"])).toEqual([
      token("secret", "Bearer x"),
    ]);
    expect(redactValue("credentials", attributes({ a: "b" }))).toMatch(/^\[secret:[a-z]{16}\]$/);
    expect(redactValue("secrets", [attributes({ a: "b" })])).toMatch(/^\[secret:[a-z]{16}\]$/);
    expect(redactValue("api_key", new Uint8Array([255, 1]))).toMatch(/^\[secret:[a-z]{16}\]$/);
  });

  it("lets numbers pass under token keys and not under codes", () => {
    expect(redactValue("access_token", 12n)).toBe(12n);
    expect(redactValue("otp", 123456n)).toBe(token("secret", "123456"));
    expect(redactValue("cvv", 123)).toBe(token("secret", "123"));
    expect(redactValue("ssn", 123456789n)).toBe(token("ssn", "123456789"));
    expect(redactValue("has_password", "maybe")).toBe("maybe");
    expect(redactValue("password", false)).toBe(false);
  });

  it("finds card numbers among integers and leaves times and ids", () => {
    expect(redactValue("n", 4111111111111111n)).toBe(token("card", "4111111111111111"));
    expect(redactValue("n", 4111111111111111)).toBe(token("card", "4111111111111111"));
    expect(redactValue("n", 1700000000000000000n)).toBe(1700000000000000000n);
    expect(redactValue("n", 0.4111111111111111)).toBe(0.4111111111111111);
  });

  it("joins a keyed value with the same value found in a text", () => {
    expect(redactValue("user.email", "Jane@ACME.com")).toBe(MAIL_TOKEN);
    expect(redactValue("actor", MAIL)).toBe(redactor.text(MAIL));
    expect(redactValue("phone", "5551234567")).toBe(redactor.text("(555) 123-4567"));
    expect(redactValue("card_number", 4111111111111111n)).toBe(
      redactor.text("4111 1111 1111 1111"),
    );
  });

  it("leaves bytes that are no text", () => {
    const bytes = new Uint8Array([0xff, 0x40, 0xfe]);
    expect(redactValue("blob", bytes)).toBe(bytes);
  });

  it("replaces what is nested beyond the limit", () => {
    let value: AttributeValue = MAIL;
    for (let i = 0; i < 10_000; i++) value = [value];
    const out = JSON.stringify(redactValue("deep", value));
    expect(out).not.toContain(MAIL);
    expect(out).toContain("[secret:");
  });
});

describe("tokens", () => {
  it("depend on the key, the kind and the value, and on nothing else", () => {
    const other = createRedactor({ key: new Uint8Array(32).fill(8) });
    expect(createRedactor({ key: KEY }).token("email", MAIL)).toBe(MAIL_TOKEN);
    expect(other.token("email", MAIL)).not.toBe(MAIL_TOKEN);
    expect(token("secret", "1").slice(8)).not.toBe(token("card", "1").slice(6));
  });

  it("match a vector computed with another implementation of HMAC", () => {
    // Python: k = hmac(key, b"spanledger redaction v1\0email"); hmac(k, b"jane@acme.com")[:8].
    expect(MAIL_TOKEN).toBe("[email:qcfkgdqdqnjdrkqj]");
  });

  it("join the ways of writing one value", () => {
    expect(token("email", " JANE%40acme.com")).toBe(MAIL_TOKEN);
    for (const phone of ["+1 (555) 123-4567", "001-555-123-4567", "555.123.4567"]) {
      expect(token("phone", phone)).toBe(token("phone", "5551234567"));
    }
    expect(token("phone", "555-123-4567 ext. 12")).toBe(token("phone", "5551234567x12"));
    expect(token("phone", "5551234567")).not.toBe(token("phone", "5551234567x12"));
    expect(token("iban", "de89 3704 0044 0532 0130 00")).toBe(
      token("iban", "DE89370400440532013000"),
    );
  });

  it("refuse a key that is too short", () => {
    expect(() => createRedactor({ key: new Uint8Array(31) })).toThrow(RedactError);
    expect(createRedactor({ key: KEY, keyId: "k1" }).keyId).toBe("k1");
    expect(redactor.keyId).toMatch(/^[a-z]{16}$/);
  });
});
