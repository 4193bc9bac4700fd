/**
 * Goal: keys are told apart by whole segments. Method: lists of keys for each side.
 */

import { CONTENT_ATTRIBUTES, OTEL, WORKFLOW } from "@spanledger/schema";
import { describe, expect, it } from "vitest";
import { classifyKey, isSecretClass, splitKey } from "./keys.ts";

const SENSITIVE = `access_token refreshToken otp x-api-key Authorization set-cookie
  http.request.header.authorization http.response.header.set-cookie accessToken2 APIKey apikey
  OPENAI_API_KEY clientSecret client_secret private_key privateKey credentials credential bearer
  session_token connection_string connectionString dsn passwd pwd DB_PASSWORD userPassword
  smtppassword pin cvv cvc cvv2 secret token id_token idToken csrf-token X-CSRF-Token
  X-Amz-Security-Token aws_secret_access_key accessKeyId GITHUB_TOKEN authToken basic_auth
  proxy-authorization password_hash verification_code 2fa_code security_code smtp_pass jwt api-keys
  master_key access_tokens x-auth-token stripeApiKey sshPrivateKey password.0`;

const HARMLESS = `gen_ai.usage.input_tokens gen_ai.usage.output_tokens gen_ai.request.max_tokens
  gen_ai.token.type author authority tokenizer next_page_token nextPageToken secretary session.id
  session_id aws.secretsmanager.secret.arn maxTokens total_tokens prompt_tokens token_count
  tokenCount token_type token_limit tokens_used cached_tokens primary_key foreign_key partition_key
  cache_key idempotency_key public_key messaging.kafka.message.key cloudflare.r2.request.key
  mcp.progress.token progressToken workflow.auth.method workflow.authorization authentication
  has_password password_reset_required is_secret secret_name k8s.secret.name cookie_consent
  status_code country_code postal_code error.code keyboard monkey passed passenger compass bypass
  pinned spinner opinion dashboard discard tokens input_token_count llm.token_count.prompt
  authorization_server stop_token eos_token gen_ai.response.time_to_first_token thread.id
  tokens_per_second secret_version gpio.pin`;

describe("splitKey", () => {
  it.each([
    ["http.request.header.x-api-key", ["http", "request", "header", "x", "api", "key"]],
    ["APIKey", ["api", "key"]],
    ["accessToken2", ["access", "token"]],
    ["userSSN", ["user", "ssn"]],
    ["a/b c_d", ["a", "b", "c", "d"]],
    ["", []],
  ])("splits %s", (key, segments) => expect(splitKey(key)).toEqual(segments));
});

describe("classifyKey", () => {
  it.each(SENSITIVE.split(/\s+/))("takes %s for the key of a secret", (key) => {
    expect(isSecretClass(classifyKey(key))).toBe(true);
  });

  it.each(HARMLESS.split(/\s+/))("takes %s for the key of no secret", (key) => {
    expect(isSecretClass(classifyKey(key))).toBe(false);
  });

  it.each([
    ["user.email", "email"],
    ["emailAddress", "email"],
    ["customer.phone_number", "phone"],
    ["mobile", "phone"],
    ["social_security_number", "ssn"],
    ["creditCardNumber", "card"],
    ["cc_number", "card"],
    ["bank_iban", "iban"],
    ["order_id", "numbered"],
    ["order.notes", "none"],
    ["phone_verified_at", "none"],
    ["card.last4", "none"],
    ["email_sent", "none"],
  ])("takes %s for the key of: %s", (key, keyClass) => expect(classifyKey(key)).toBe(keyClass));

  it("takes no attribute of the schema for the key of a secret or of personal data", () => {
    const names = [...Object.values(OTEL), ...Object.values(WORKFLOW), ...CONTENT_ATTRIBUTES];
    const taken = names.filter((name) => !["none", "numbered"].includes(classifyKey(name)));
    expect(taken).toEqual([]);
  });

  it("classes a key that was itself redacted as what is left of it", () => {
    expect(classifyKey("[email:bcdfghjklmnpqrst]")).toBe("none");
  });
});
