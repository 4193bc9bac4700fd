/**
 * Goal: every lead of the demo comes to the end that its story promises.
 * Method: the real graph and the real `openai` client, against the stand-ins over HTTP, without any
 * instrumentation; the waiting ones are resumed from a file, as another process would.
 */

import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemorySaver } from "@langchain/langgraph";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerFor } from "./approvals.ts";
import { loadCheckpoints, saveCheckpoints } from "./checkpoint-file.ts";
import type { Story } from "./lead-rows.ts";
import { buildLeadTriage, type TriageServices } from "./lead-triage.ts";
import { LEADS, type Lead } from "./leads.ts";
import { STAND_IN_MODEL } from "./openai-stand-in.ts";
import { ServiceError } from "./services.ts";
import { type StandIns, startStandIns } from "./stand-ins.ts";

let standIns: StandIns;
let services: TriageServices;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "spanledger-demo-test-"));
  standIns = await startStandIns();
  services = {
    openai: new OpenAI({ baseURL: standIns.openAiUrl, apiKey: "test" }),
    model: STAND_IN_MODEL,
    enrichmentUrl: standIns.enrichmentUrl,
    // Long enough that a busy machine makes no time-out of its own.
    enrichmentTimeoutMs: 1_500,
    crmUrl: standIns.crmUrl,
  };
});

afterAll(async () => {
  await standIns.close();
  await rm(directory, { recursive: true });
});

function leadsOf(...stories: Story[]): readonly Lead[] {
  const leads = LEADS.filter((lead) => stories.includes(lead.story));
  expect(leads.length).toBeGreaterThan(0);
  return leads;
}

async function outcomeOf(lead: Lead): Promise<unknown> {
  const triage = buildLeadTriage(services, new MemorySaver());
  return await triage.start(lead.id, lead.body).catch((error: unknown) => error);
}

describe("the leads", () => {
  it("are thirty, with every story among them and no id twice", () => {
    expect(LEADS).toHaveLength(30);
    expect(new Set(LEADS.map((lead) => lead.id)).size).toBe(30);
    expect(new Set(LEADS.map((lead) => lead.story)).size).toBe(11);
  });

  it("that are urgent and certain take the fast track into the CRM", async () => {
    for (const lead of leadsOf("fast_track", "rate_limited")) {
      const crmId = expect.stringMatching(/^00Q/);
      expect(await outcomeOf(lead), lead.id).toEqual({
        status: "created",
        track: "fast_track",
        crmId,
      });
    }
  });

  it("that are certain but not urgent get mails", async () => {
    for (const lead of leadsOf("standard_nurture")) {
      expect(await outcomeOf(lead), lead.id).toMatchObject({
        status: "created",
        track: "standard_nurture",
      });
    }
  });

  it("that say too little go to a person by default", async () => {
    for (const lead of leadsOf("low_confidence")) {
      expect(await outcomeOf(lead), lead.id).toEqual({
        status: "manual_review",
        track: "manual_review",
      });
    }
  });

  it("whose enrichment times out twice succeed at the third attempt", async () => {
    for (const lead of leadsOf("enrichment_timeout")) {
      expect(await outcomeOf(lead), lead.id).toMatchObject({ status: "created" });
    }
  });

  it("whose enrichment never answers fail with a time-out", async () => {
    for (const lead of leadsOf("enrichment_down")) {
      expect(await outcomeOf(lead), lead.id).toMatchObject({ code: "SERVICE_TIMEOUT" });
    }
  });

  it("that the CRM rejects fail with the CRM's words", async () => {
    for (const lead of leadsOf("crm_rejects")) {
      const error = await outcomeOf(lead);
      expect(error, lead.id).toBeInstanceOf(ServiceError);
      expect(error).toMatchObject({ code: "SERVICE_REJECTED", retryable: false });
      expect(String(error)).toContain("crm answered 422: Phone +1 (415) 555-0199");
    }
  });

  it("that try to override the instructions fail at the content filter", async () => {
    for (const lead of leadsOf("prompt_refused")) {
      expect(await outcomeOf(lead), lead.id).toMatchObject({ status: 400, code: "content_filter" });
    }
  });
});

describe("large deals", () => {
  it("wait, and go on from the file with the approver's answer", async () => {
    const file = join(directory, "checkpoints.json");
    const saver = new MemorySaver();
    const before = buildLeadTriage(services, saver);
    const leads = leadsOf("approved", "rejected", "still_waiting");
    for (const lead of leads) {
      expect(await before.start(lead.id, lead.body), lead.id).toEqual({
        status: "waiting",
        track: "fast_track",
      });
    }
    await saveCheckpoints(saver, file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const after = buildLeadTriage(services, await loadCheckpoints(file));
    for (const lead of leads) {
      const answer = answerFor(lead, "dana.whitfield");
      if (answer === undefined) {
        expect(lead.story).toBe("still_waiting");
        continue;
      }
      const status = lead.story === "approved" ? "created" : "declined";
      expect(await after.resume(lead.id, answer), lead.id).toMatchObject({ status });
    }
  });
});
