/**
 * The leads that the demo triages, as their webhooks deliver them.
 *
 * In: the rows. Out: one body of JSON text per lead, with where it came from. Pure.
 */
import { LEAD_ROWS, type Story } from "./lead-rows.ts";

/** One lead as it reaches the application. */
export interface Lead {
  /** `L-01` … */
  readonly id: string;
  readonly story: Story;
  /** Name of the webhook that brought it, or of the page where a person typed it in. */
  readonly source: string;
  /** Who typed it in, for leads that came by hand. */
  readonly enteredBy?: string;
  /** The body as it came, unparsed: JSON text. */
  readonly body: string;
}

/** How many leads are typed in by a person: every seventh. */
const BY_HAND_EVERY = 7;

/** All leads, in the order in which they come. */
export const LEADS: readonly Lead[] = LEAD_ROWS.map(
  ([story, name, mailbox, phone, company, domain, message, extra], index) => {
    const byHand = index % BY_HAND_EVERY === 2;
    return {
      id: `L-${String(index + 1).padStart(2, "0")}`,
      story,
      source: byHand ? "sales-desk" : index % 2 === 0 ? "hubspot" : "website-form",
      ...(byHand ? { enteredBy: "grace.okafor" } : {}),
      body: JSON.stringify({
        form: "contact-sales",
        contact: { name, email: `${mailbox}@${domain}`, phone, company },
        message,
        consent: true,
        ...extra,
      }),
    };
  },
);
