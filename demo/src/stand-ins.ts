/**
 * Every service that the demo's application calls, on loopback.
 *
 * Out: their URLs, as the application's environment wants them. Side effects: two HTTP servers.
 */
import { startOpenAiStandIn } from "./openai-stand-in.ts";
import { startServicesStandIn } from "./services-stand-in.ts";

/** The running stand-ins. */
export interface StandIns {
  /** Base URL for OpenAI clients, ends in `/v1`. */
  readonly openAiUrl: string;
  readonly enrichmentUrl: string;
  readonly crmUrl: string;
  close(): Promise<void>;
}

/** Start all of them on free ports. */
export async function startStandIns(): Promise<StandIns> {
  const [openai, services] = await Promise.all([startOpenAiStandIn(), startServicesStandIn()]);
  return {
    openAiUrl: `${openai.url}/v1`,
    enrichmentUrl: services.url,
    crmUrl: services.url,
    close: async () => {
      await Promise.all([openai.close(), services.close()]);
    },
  };
}
