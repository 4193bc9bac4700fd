/**
 * The lead triage: classify → route → enrich → approval for large deals → CRM.
 *
 * In: the body of a lead's webhook. Out: where the lead went. Side effects: calls the model, the
 * company data and the CRM; stops for a person at large deals and goes on with their answer.
 *
 * It is an ordinary LangGraph application. `action()`, `approval` and `explainDecision()` say what
 * no library can know; without an SDK they do nothing.
 */
import {
  Annotation,
  type BaseCheckpointSaver,
  Command,
  END,
  interrupt,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { action, approval, explainDecision } from "@spanledger/api";
import type OpenAI from "openai";
import type { Classification } from "./lead-model.ts";
import {
  type Company,
  type Contact,
  createCrmLead,
  findCompany,
  ServiceError,
} from "./services.ts";

/** Deals from this yearly value in US dollars need a person's approval. */
const APPROVAL_VALUE_MIN = 100_000;

/** Leads from this score get a call, others mails. */
const FAST_TRACK_SCORE_MIN = 70;

/** Below this the model's answer is not trusted and a person looks. */
const CONFIDENCE_MIN = 0.6;

/** Attempts at company data: the first and two retries. */
const ENRICH_ATTEMPTS_MAX = 3;

/** Pause before the first retry in milliseconds; it doubles. Short, so that the demo is. */
const RETRY_INTERVAL_MS = 40;

/** What the application needs from outside. */
export interface TriageServices {
  readonly openai: OpenAI;
  readonly model: string;
  readonly enrichmentUrl: string;
  /** How long company data may take, in milliseconds. */
  readonly enrichmentTimeoutMs: number;
  readonly crmUrl: string;
}

/** A person's answer to a large deal. */
export interface ApprovalAnswer {
  readonly approved: boolean;
  readonly approver: string;
  readonly comment: string;
}

/** What a run came to. */
export interface TriageOutcome {
  readonly status: "created" | "declined" | "manual_review" | "waiting";
  readonly track: string;
  readonly crmId?: string;
}

/** The compiled graph, as far as the application uses it. */
export interface LeadTriage {
  start(leadId: string, body: string): Promise<TriageOutcome>;
  resume(leadId: string, answer: ApprovalAnswer): Promise<TriageOutcome>;
}

const State = Annotation.Root({
  leadId: Annotation<string>,
  /** The webhook's body as it came. */
  body: Annotation<string>,
  contact: Annotation<Contact>,
  message: Annotation<string>,
  classification: Annotation<Classification>,
  track: Annotation<string>,
  followUp: Annotation<string>,
  company: Annotation<Company>,
  status: Annotation<TriageOutcome["status"]>,
  crmId: Annotation<string>,
});
type TriageState = typeof State.State;
type TriageUpdate = typeof State.Update;

/** Build the graph. */
export function buildLeadTriage(
  services: TriageServices,
  checkpointer: BaseCheckpointSaver,
): LeadTriage {
  const graph = new StateGraph(State)
    .addNode("classify", (state) => classify(services, state))
    .addNode("fast_track", () => ({ track: "fast_track", followUp: "call within one hour" }))
    .addNode("standard_nurture", (state) => standardNurture(services, state))
    .addNode("manual_review", () => ({ track: "manual_review", status: "manual_review" as const }))
    .addNode("enrich", (state: TriageState) => enrich(services, state), {
      retryPolicy: {
        maxAttempts: ENRICH_ATTEMPTS_MAX,
        initialInterval: RETRY_INTERVAL_MS,
        jitter: false,
        retryOn: (error: unknown) => error instanceof ServiceError && error.retryable,
        logWarning: false,
      },
    })
    .addNode("approve", approve, { ends: ["create_lead", "decline"] })
    .addNode("create_lead", (state) => createLead(services, state))
    .addNode("decline", () => ({ status: "declined" as const }))
    .addEdge(START, "classify")
    .addConditionalEdges("classify", routeByScore, [
      "fast_track",
      "standard_nurture",
      "manual_review",
    ])
    .addEdge("fast_track", "enrich")
    .addEdge("standard_nurture", "enrich")
    .addEdge("manual_review", END)
    .addConditionalEdges("enrich", routeByDealValue, ["approve", "create_lead"])
    .addEdge("create_lead", END)
    .addEdge("decline", END)
    .compile({ checkpointer, name: "lead-triage" });
  const config = (leadId: string) => ({ configurable: { thread_id: leadId } });
  return {
    start: async (leadId, body) => {
      const state = await graph.invoke({ leadId, body }, config(leadId));
      return outcomeOf(state);
    },
    resume: async (leadId, answer) => {
      const state = await graph.invoke(new Command({ resume: answer }), config(leadId));
      return outcomeOf(state);
    },
  };
}

async function classify(services: TriageServices, state: TriageState): Promise<TriageUpdate> {
  const { contact, message } = JSON.parse(state.body) as {
    readonly contact: Contact;
    readonly message: string;
  };
  const completion = await services.openai.chat.completions.create({
    model: services.model,
    response_format: { type: "json_object" },
    messages: [
      {
        role: "system",
        content:
          "Classify this lead. Answer as JSON: segment, score (0 to 100), confidence (0 to 1), " +
          "deal_value (US dollars a year), reason.",
      },
      { role: "user", content: state.body },
    ],
  });
  const classification = JSON.parse(completion.choices[0]?.message.content ?? "") as Classification;
  return { contact, message, classification };
}

function routeByScore({ classification }: TriageState): string {
  const { score, confidence, reason } = classification;
  const unsure = confidence < CONFIDENCE_MIN;
  explainDecision({
    condition:
      `confidence >= ${CONFIDENCE_MIN} and score >= ${FAST_TRACK_SCORE_MIN}: fast_track; ` +
      `confidence >= ${CONFIDENCE_MIN}: standard_nurture; otherwise manual_review`,
    reason,
    confidence,
    defaultTaken: unsure,
    inputs: { score, confidence },
  });
  if (unsure) {
    return "manual_review";
  }
  return score >= FAST_TRACK_SCORE_MIN ? "fast_track" : "standard_nurture";
}

async function standardNurture(
  services: TriageServices,
  state: TriageState,
): Promise<TriageUpdate> {
  const stream = await services.openai.chat.completions.create({
    model: services.model,
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      { role: "system", content: "Write a short follow-up mail to this lead." },
      { role: "user", content: state.body },
    ],
  });
  let followUp = "";
  for await (const chunk of stream) {
    followUp += chunk.choices[0]?.delta.content ?? "";
  }
  return { track: "standard_nurture", followUp };
}

async function enrich(services: TriageServices, state: TriageState): Promise<TriageUpdate> {
  const domain = state.contact.email.split("@")[1] ?? "";
  return {
    company: await findCompany(services.enrichmentUrl, domain, services.enrichmentTimeoutMs),
  };
}

function routeByDealValue({ classification }: TriageState): string {
  const value = classification.deal_value;
  const large = value >= APPROVAL_VALUE_MIN;
  explainDecision({
    condition: `deal_value >= ${APPROVAL_VALUE_MIN}`,
    reason: `a deal of $${value} ${large ? "needs a person's approval" : "needs no approval"}`,
    inputs: { deal_value: value },
  });
  return large ? "approve" : "create_lead";
}

function approve(state: TriageState): Command {
  const answer = interrupt<unknown, ApprovalAnswer>({
    question: "Take this deal?",
    lead: state.leadId,
    company: state.contact.company,
    deal_value: state.classification.deal_value,
  });
  const { approved, approver, comment } = answer;
  approval.resolve({ outcome: approved ? "approved" : "rejected", approver, comment });
  explainDecision({ condition: "the approver's answer", reason: comment });
  return new Command({ goto: approved ? "create_lead" : "decline" });
}

async function createLead(services: TriageServices, state: TriageState): Promise<TriageUpdate> {
  const { contact, classification, track, followUp, company } = state;
  const crmId = await action(
    "salesforce.create_lead",
    { target: "salesforce" },
    async ({ setExternalId }) => {
      const facts = { segment: classification.segment, track, followUp, ...company };
      const id = await createCrmLead(services.crmUrl, contact, facts);
      setExternalId(id);
      return id;
    },
  );
  return { status: "created", crmId };
}

function outcomeOf(state: TriageState): TriageOutcome {
  const { track, crmId } = state;
  // A run that waits for a person has no status yet: the last nodes set it.
  const status = state.status ?? "waiting";
  return { status, track, ...(crmId === undefined ? {} : { crmId }) };
}
