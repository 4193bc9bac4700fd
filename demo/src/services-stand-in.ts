/**
 * Stand-ins for the two services that the demo's application calls: company data and a CRM.
 *
 * In: `GET /v1/companies?domain=…` and `POST /v1/sobjects/Lead`. Out: company facts, lead ids.
 * Side effects: listens on 127.0.0.1; counts the requests per domain, so that a service that is
 * slow recovers after some attempts.
 */
import { hash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { listen, type StandIn, type StandInRequest, sendJson } from "./http-server.ts";

/** Domain → how many requests get no answer before one does: that is what a time-out looks like. */
const UNANSWERED_REQUESTS: ReadonlyMap<string, number> = new Map([
  ["tidewater.example", 2],
  ["larkspur.example", 2],
  ["greyharbor.example", 1],
  ["blackhole.example", Number.POSITIVE_INFINITY],
]);

/** Sizes that the company data knows. */
const EMPLOYEES = [12, 48, 180, 650, 2_400, 11_000] as const;
const INDUSTRIES = ["logistics", "health care", "retail", "banking", "software"] as const;

/** The phone number that the CRM's validation rule does not take. */
const PHONE_REFUSED = /"phone":"([^"]*555-0199)"/;

/** Start both; the application gets one URL for each, here the same. */
export function startServicesStandIn(): Promise<StandIn> {
  const requestsByDomain = new Map<string, number>();
  return listen((request, response) => {
    const route = `${request.method} ${request.url.pathname}`;
    if (route === "GET /v1/companies") {
      findCompany(request, response, requestsByDomain);
    } else if (route === "POST /v1/sobjects/Lead") {
      createLead(request, response);
    } else {
      sendJson(response, 404, { errorCode: "NOT_FOUND", message: "No such resource." });
    }
  });
}

function findCompany(
  request: StandInRequest,
  response: ServerResponse,
  requestsByDomain: Map<string, number>,
): void {
  const domain = request.url.searchParams.get("domain") ?? "";
  const earlier = requestsByDomain.get(domain) ?? 0;
  requestsByDomain.set(domain, earlier + 1);
  if (earlier < (UNANSWERED_REQUESTS.get(domain) ?? 0)) {
    return; // No answer: the connection stays open until the client gives up.
  }
  const seed = hash("sha256", domain, "buffer");
  sendJson(response, 200, {
    domain,
    employees: EMPLOYEES[(seed[0] ?? 0) % EMPLOYEES.length],
    industry: INDUSTRIES[(seed[1] ?? 0) % INDUSTRIES.length],
    founded: 1950 + ((seed[2] ?? 0) % 70),
  });
}

function createLead(request: StandInRequest, response: ServerResponse): void {
  const refused = PHONE_REFUSED.exec(request.body);
  if (refused !== null) {
    sendJson(response, 422, {
      errorCode: "FIELD_CUSTOM_VALIDATION_EXCEPTION",
      message: `Phone ${refused[1]} is on the do-not-call list.`,
    });
    return;
  }
  const id = `00Q${hash("sha256", request.body, "hex").slice(0, 15).toUpperCase()}`;
  sendJson(response, 201, { id, success: true, errors: [] });
}
