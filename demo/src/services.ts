/**
 * Clients of the two services that the application calls over HTTP: company data and the CRM.
 *
 * In: URLs and plain values. Out: company facts, the CRM's lead id. Side effects: HTTP requests.
 */

/**
 * How long company data may take, in milliseconds: short, so that the demo's time-outs are too, and
 * long enough for an answer from the same, busy machine.
 */
export const ENRICHMENT_TIMEOUT_MS = 250;

/** How long the CRM may take, in milliseconds. */
const CRM_TIMEOUT_MS = 5_000;

/** Who wrote. */
export interface Contact {
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly company: string;
}

/** What the company data says. */
export interface Company {
  readonly domain: string;
  readonly employees: number;
  readonly industry: string;
  readonly founded: number;
}

/** A service did not answer in time, or answered with an error. */
export class ServiceError extends Error {
  readonly code: "SERVICE_TIMEOUT" | "SERVICE_REJECTED" | "SERVICE_UNREACHABLE";
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;

  constructor(code: ServiceError["code"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ServiceError";
    this.code = code;
    this.retryable = code !== "SERVICE_REJECTED";
  }
}

/**
 * Ask for a company by its domain.
 *
 * @throws {ServiceError} `SERVICE_TIMEOUT` after `timeoutMs`
 */
export async function findCompany(
  baseUrl: string,
  domain: string,
  timeoutMs: number,
): Promise<Company> {
  const url = `${baseUrl}/v1/companies?domain=${encodeURIComponent(domain)}`;
  return (await request("enrichment", url, timeoutMs)) as Company;
}

/**
 * Create a lead in the CRM.
 *
 * @returns the CRM's id of the lead
 * @throws {ServiceError} `SERVICE_REJECTED` with the CRM's words
 */
export async function createCrmLead(
  baseUrl: string,
  contact: Contact,
  facts: Readonly<Record<string, unknown>>,
): Promise<string> {
  const answer = await request("crm", `${baseUrl}/v1/sobjects/Lead`, CRM_TIMEOUT_MS, {
    ...contact,
    ...facts,
  });
  return (answer as { readonly id: string }).id;
}

async function request(
  service: string,
  url: string,
  timeoutMs: number,
  body?: unknown,
): Promise<unknown> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined
        ? {}
        : {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(body),
          }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) {
      const { message } = answer as { readonly message?: string };
      const words = `${service} answered ${response.status}: ${message ?? "no reason given"}`;
      throw new ServiceError("SERVICE_REJECTED", words);
    }
    return answer;
  } catch (error) {
    if (error instanceof ServiceError) {
      throw error;
    }
    if (error instanceof Error && error.name === "TimeoutError") {
      const words = `${service} did not answer within ${timeoutMs} ms`;
      throw new ServiceError("SERVICE_TIMEOUT", words, error);
    }
    throw new ServiceError("SERVICE_UNREACHABLE", `${service} cannot be reached`, error);
  }
}
