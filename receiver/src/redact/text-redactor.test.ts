/**
 * Goal: each rule of the value detectors from both sides.
 * Method: texts written by hand; a token is compared with the one of the value, so that not only
 * "something" was replaced but exactly the value. Whatever changes must not change again.
 */

import { describe, expect, it } from "vitest";
import { createRedactor, type RedactionKind } from "./index.ts";

const redactor = createRedactor({ key: new Uint8Array(32).fill(7) });

/** `{kind:value}` in an expectation stands for the token of the value. */
function expected(template: string): string {
  return template.replace(/\{\{(\w+):([\s\S]*?)\}\}/g, (_, kind: RedactionKind, value: string) =>
    redactor.token(kind, value),
  );
}

function check(text: string, template: string): void {
  const out = redactor.text(text);
  expect(out).toBe(expected(template));
  expect(redactor.text(out)).toBe(out);
}

describe("e-mail addresses", () => {
  it.each([
    ["jane@acme.com", "{{email:jane@acme.com}}"],
    ["Write to Jane.Doe+x@mail.acme.co.uk.", "Write to {{email:jane.doe+x@mail.acme.co.uk}}."],
    ["Jane <jane@acme.com>, bob@x.io", "Jane <{{email:jane@acme.com}}>, {{email:bob@x.io}}"],
    ["mailto:jane@acme.com?subject=x", "mailto:{{email:jane@acme.com}}?subject=x"],
    ["?to=jane%40acme.com&x=1", "?to={{email:jane@acme.com}}&x=1"],
    ["?to=a%2Bb%40acme.com", "?to={{email:a+b@acme.com}}"],
    ['"jane doe"@acme.com', '{{email:"jane doe"@acme.com}}'],
    ["jörg@müller.de", "{{email:jörg@müller.de}}"],
    ["请联系jane@acme.com谢谢", "请联系{{email:jane@acme.com}}谢谢"],
    ["x@xn--mller-kva.de", "{{email:x@xn--mller-kva.de}}"],
    ["line\\njane@acme.com", "line\\n{{email:jane@acme.com}}"],
    ["'jane@acme.com'", "'{{email:jane@acme.com}}'"],
    ["user=jane@acme.com;", "user={{email:jane@acme.com}};"],
  ])("finds the one in %s", (text, template) => check(text, template));

  it.each([
    "git@github.com:owner/name.git",
    "ssh://git@github.com/owner/name",
    "@scope/package@1.2.3 react@18.2.0 lodash@latest",
    "icon@2x.png getty@tty1.service",
    "jane@localhost @jane a@b",
    "java.lang.Object@1a2b3c4d",
  ])("leaves %s", (text) => check(text, text));
});

describe("telephone numbers", () => {
  it.each([
    ["+1 555 123 4567", "{{phone:5551234567}}"],
    ["(555) 123-4567 x12!", "{{phone:555-123-4567x12}}!"],
    ["555.123.4567, 555-123-4567", "{{phone:5551234567}}, {{phone:5551234567}}"],
    ["1-800-555-0199", "{{phone:8005550199}}"],
    ["+49 (0)170 1234567", "{{phone:+491701234567}}"],
    ["0049 170 1234567", "{{phone:+491701234567}}"],
    ["01 42 68 53 00", "{{phone:0142685300}}"],
    ["06-24312407", "{{phone:0624312407}}"],
    ["(88) 684-334", "{{phone:88684334}}"],
    ["001-748-088-2851x818", "{{phone:7480882851x818}}"],
    ["%2B1%20555%20123%204567", "{{phone:+15551234567}}"],
    ["Phone: 785 8949", "Phone: {{phone:7858949}}"],
    ["call me at 5551234567", "call me at {{phone:5551234567}}"],
    ["50-98-28-96-Fax", "{{phone:50982896}}-Fax"],
    ["2024-01-15 555-123-4567", "2024-01-15 {{phone:5551234567}}"],
    ['Got {"a":" 555-123-4567"}', 'Got {"a":" {{phone:5551234567}}"}'],
  ])("finds the one in %s", (text, template) => check(text, template));

  it.each([
    "2024-01-15T10:30:00.123456789Z 2024-01-15 10:30:00,123 15.01.2024",
    "192.168.100.200 10.0.0.1:8080 v10.15.7 5.15.0-1051-aws",
    "550e8400-e29b-41d4-a716-446655440000",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "1700000000000000000 1700000000 1700000000.123",
    "order 123-456-7890, ISBN 978-3-16-148410-0, INV-2024-001-1234",
    "order-123-456-7890 9f86d081884c7d65",
    "total 12 345 678,00 EUR, $1,234,567.89",
    'GET / HTTP/1.1" 200 512 1834',
    "tool call 1234567 took 123456789 ns",
    "lat 40.712776 lng -74.005974",
    "pages 100-200-3000, ratio 2021-2022-2023",
    "chatcmpl-9abcDEF123 gpt-4o-2024-08-06 arn:aws:iam::123456789012:role/x",
  ])("leaves %s", (text) => check(text, text));
});

describe("cards, IBANs and social security numbers", () => {
  it.each([
    ["4111 1111 1111 1111.", "{{card:4111111111111111}}."],
    ["4111-1111-1111-1111", "{{card:4111111111111111}}"],
    ["3782 822463 10005", "{{card:378282246310005}}"],
    ['{"n":5555555555554444}', '{"n":"{{card:5555555555554444}}"}'],
    ["GB82 WEST 1234 5698 7654 32", "{{iban:GB82WEST12345698765432}}"],
    ["de89370400440532013000,", "{{iban:DE89370400440532013000}},"],
    ["SSN 123-45-6789", "SSN {{ssn:123456789}}"],
    ["ssn: 123456789", "ssn: {{ssn:123456789}}"],
    ["social security number is 123 45 6789", "social security number is {{ssn:123-45-6789}}"],
  ])("finds the one in %s", (text, template) => check(text, template));

  it.each([
    "4111 1111 1111 1112",
    "a4111111111111111",
    "0.4111111111111111",
    "1609459200000 9999999999999999",
    "GB82 WEST 1234 5698 7654 33",
    "XX82WEST12345698765432",
    "691793af-ad34-47e1-9ef1-668b5bcc64d6",
    "ba27c046-45dc-4d56-b9d7-4efd7d1cc1ac",
    "002-7539861-3354384",
    "000-12-3456 666-12-3456 900-12-3456 123-00-4567 123-45-0000",
    "123 45 6789",
    "123456789",
    "1-123-45-6789",
  ])("leaves %s", (text) => check(text, text));
});

/** Made at run time: no scanner of repositories shall take these for real. */
const FILL = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0";

describe("secrets by their form", () => {
  it.each([
    ["AKIA", "IOSFODNN7EXAMPLE"],
    ["ghp_", FILL.slice(0, 36)],
    ["github_pat_", FILL],
    ["xoxb-", "123456789012-abcdefABCDEF"],
    ["sk_live_", FILL.slice(0, 24)],
    ["sk-proj-", FILL],
    ["sk-ant-api03-", FILL],
    ["AIza", FILL.slice(0, 35)],
    ["glpat-", FILL.slice(0, 20)],
    ["npm_", FILL.slice(0, 36)],
    ["SG.", `${FILL.slice(0, 22)}.${FILL}`],
    ["SK", "0123456789abcdef0123456789abcdef"],
    ["eyJ", `hbGciOiJIUzI1NiJ9.eyJ${FILL}.${FILL}`],
  ])("finds one that starts with %s", (prefix, rest) => {
    check(`key ${prefix}${rest} end`, `key {{secret:${prefix}${rest}}} end`);
    check(`"\\n${prefix}${rest}"`, `"\\n{{secret:${prefix}${rest}}}"`);
  });

  it("finds a PEM private key, also one that was cut off", () => {
    const begin = `-----BEGIN RSA ${"PRIVATE"} KEY-----\nMIIE`;
    const whole = `${begin}\n-----END RSA ${"PRIVATE"} KEY-----`;
    check(`a ${whole} b`, `a {{secret:${whole}}} b`);
    check(`a ${begin}`, `a {{secret:${begin}}}`);
  });

  it.each([
    ["postgres://u:p%40ss@db:5432/x", "postgres://u:{{secret:p%40ss}}@db:5432/x"],
    ["redis://:pw@host.example.com", "redis://:{{secret:pw}}@host.example.com"],
    ["amqp://u:a@b@host.com", "amqp://u:{{secret:a@b}}@host.com"],
    ["sent Bearer abc123def456", "sent Bearer {{secret:abc123def456}}"],
    ["Basic dXNlcjpwYXNzd29yZA==", "Basic {{secret:dXNlcjpwYXNzd29yZA==}}"],
  ])("finds the one in %s", (text, template) => check(text, template));

  it.each([
    "sk-learn-estimator-html-doc-link",
    "risk_live_1234567890 task_test_1234567890",
    "basic information about bearer authentication",
    "https://example.com:8080/path@x http://a.b/c",
    "eyJhbGc",
  ])("leaves %s", (text) => check(text, text));
});

describe("assignments in free text", () => {
  it.each([
    ["email=jane%40acme.com&password=x", "email={{email:jane@acme.com}}&password={{secret:x}}"],
    ["x?token=abc&sig=abcdef1234567", "x?token={{secret:abc}}&sig={{secret:abcdef1234567}}"],
    ["Server=x;Password=Str0ng!;y=1", "Server=x;Password={{secret:Str0ng!}};y=1"],
    ["Authorization: Bearer abc", "Authorization: {{secret:Bearer abc}}"],
    ["Cookie: a=b; c=d\nx: 1", "Cookie: {{secret:a=b; c=d}}\nx: 1"],
    [
      "{'password': 'x y', \"otp\": 1234}",
      "{'password': '{{secret:x y}}', \"otp\": {{secret:1234}}}",
    ],
    ["export OPENAI_API_KEY='a b'", "export OPENAI_API_KEY='{{secret:a b}}'"],
    ["API key: 8f3kd93kd9", "API key: {{secret:8f3kd93kd9}}"],
    ["verification code: 481920", "verification code: {{secret:481920}}"],
    ["my password is hunter2.", "my password is {{secret:hunter2}}."],
    ["passwd: letmein", "passwd: {{secret:letmein}}"],
    ['got {"password":"cut o', 'got {"password":"{{secret:cut o}}'],
    ['got {\\"password\\":\\"x\\",\\"a\\":1}', 'got {\\"password\\":\\"{{secret:x}}\\",\\"a\\":1}'],
  ])("finds the one in %s", (text, template) => check(text, template));

  it.each([
    "Unexpected token = in JSON at position 4",
    "Invalid token: expected ','",
    "password: must be at least 8 characters",
    "password= and token=",
    "password=*** token=null secret=[REDACTED]",
    "const token = getToken(); f(password=password, api_key=os.environ['X'])",
    "max_tokens: 1024, total_tokens=99, token: 12",
    "SELECT 1 WHERE token = $1",
    "session.id=abc123def456 next_page_token=abc123def456",
    "Authorization failed: token expired",
    "https://example.com/a?x=1&code=US",
  ])("leaves %s", (text) => check(text, text));
});

describe("a text that holds nothing", () => {
  it("comes back as the very same string", () => {
    const text = JSON.stringify({ role: "user", content: "Hello, how are you? It is 2024-01-15." });
    expect(redactor.text(text)).toBe(text);
  });
});

describe("words beside a number", () => {
  it.each([
    ['raw "contact": "555-123-4567" end', 'raw "contact": "{{phone:5551234567}}" end'],
    ["paid 555-123-4567", "paid {{phone:5551234567}}"],
    ["log\\ntel: 785 8949", "log\\ntel: {{phone:7858949}}"],
    ["2813882583 mobile", "{{phone:2813882583}} mobile"],
  ])("do not hide the one in %s", (text, template) => check(text, template));

  it.each([
    "Intel: 12345678",
    "answer: 123456789",
    "order no. 123-456-7890",
    "build_id=123-456-7890",
    "12345678 mobile users",
  ])("do not make one of %s", (text) => check(text, text));
});
