/**
 * `policy()` and `authenticate()`: what was allowed, and who somebody is.
 *
 * In: a name, facts, the application's own check. Out: what the check returns, unchanged: nothing is
 * enforced here. Side effect: one span `evaluate_policy NAME` or `authenticate METHOD`.
 */
import { context, SpanKind, trace } from "@opentelemetry/api";
import {
  type AuthOutcome,
  OTEL,
  POLICY_OUTCOMES,
  type PolicyOutcome,
  SPAN_NAME,
  WORKFLOW,
} from "@spanledger/schema";
import { observe } from "./observe.ts";
import { readField, recordError } from "./outcome.ts";
import { safely } from "./safely.ts";
import { setOptional } from "./set-optional.ts";
import { apiTracer } from "./tracer.ts";
import type { AuthenticateOptions, PolicyFacts, PolicyVerdict } from "./types.ts";

type Verdict = PolicyOutcome | PolicyVerdict;
type Evaluation<Given> = (() => Given) | Given;

/**
 * Record the evaluation of a policy.
 *
 * @param verdict the outcome, or the function that finds it (it may be asynchronous)
 * @returns the verdict, or what the function returns
 */
export function policy<Given extends Verdict | PromiseLike<Verdict>>(
  name: string,
  verdict: Evaluation<Given>,
): Given;
export function policy<Given extends Verdict | PromiseLike<Verdict>>(
  name: string,
  facts: PolicyFacts,
  verdict: Evaluation<Given>,
): Given;
export function policy<Given extends Verdict | PromiseLike<Verdict>>(
  name: string,
  ...rest: readonly [Evaluation<Given>] | readonly [PolicyFacts, Evaluation<Given>]
): Given {
  const [facts, verdict]: readonly [PolicyFacts, Evaluation<Given>] =
    rest.length === 1 ? [{}, rest[0]] : rest;
  const evaluate = (): Given => (typeof verdict === "function" ? verdict() : verdict);
  const begun = safely(() => beginPolicy(name, facts));
  return begun === undefined ? evaluate() : observe(begun.active, evaluate, begun.observer);
}

function beginPolicy(name: string, facts: PolicyFacts) {
  const span = apiTracer().startSpan(`${SPAN_NAME.policy} ${name}`, {
    kind: SpanKind.INTERNAL,
    attributes: { [WORKFLOW.policyName]: name },
  });
  const say = ({ ruleId, reason }: PolicyFacts): void => {
    setOptional(span, WORKFLOW.policyRuleId, ruleId);
    setOptional(span, WORKFLOW.policyReason, reason);
  };
  say(facts);
  return {
    active: trace.setSpan(context.active(), span),
    observer: {
      returned: (value: unknown): void => {
        const given = typeof value === "string" ? value : readField(value, "outcome");
        const outcome = POLICY_OUTCOMES.find((one) => one === given);
        setOptional(span, WORKFLOW.policyOutcome, outcome);
        say({ ruleId: textField(value, "ruleId"), reason: textField(value, "reason") });
        span.end();
      },
      threw: (error: unknown): void => {
        recordError(span, error);
        span.end();
      },
    },
  };
}

/**
 * Record an authentication: `authenticate("oidc", { user: (user) => user.id }, () => verify(token))`.
 *
 * It failed where the function throws, or returns (or resolves to) `undefined`, `null` or `false`.
 *
 * @param method how: `oidc`, `api_key`, `session`, `mtls`; never a credential
 * @returns what the function returns
 */
export function authenticate<T>(method: string, fn: () => T): T;
export function authenticate<T>(method: string, options: AuthenticateOptions<T>, fn: () => T): T;
export function authenticate<T>(
  method: string,
  ...rest: readonly [() => T] | readonly [AuthenticateOptions<T>, () => T]
): T {
  const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
  const begun = safely(() => beginAuthentication(method, options));
  return begun === undefined ? fn() : observe(begun.active, fn, begun.observer);
}

function beginAuthentication<T>(method: string, options: AuthenticateOptions<T>) {
  const span = apiTracer().startSpan(`${SPAN_NAME.authentication} ${method}`, {
    kind: SpanKind.INTERNAL,
    attributes: { [WORKFLOW.authMethod]: method },
  });
  const { user } = options;
  if (typeof user === "string") span.setAttribute(OTEL.userId, user);
  const end = (outcome: AuthOutcome): void => {
    span.setAttribute(WORKFLOW.authOutcome, outcome);
    span.end();
  };
  return {
    active: trace.setSpan(context.active(), span),
    observer: {
      returned: (value: unknown): void => {
        const failed = value === undefined || value === null || value === false;
        if (!failed && typeof user === "function") {
          const id = safely(() => user(value as NonNullable<Awaited<T>>));
          setOptional(span, OTEL.userId, id);
        }
        end(failed ? "failure" : "success");
      },
      threw: (error: unknown): void => {
        recordError(span, error);
        end("failure");
      },
    },
  };
}

function textField(value: unknown, name: string): string | undefined {
  const field = readField(value, name);
  return typeof field === "string" ? field : undefined;
}
