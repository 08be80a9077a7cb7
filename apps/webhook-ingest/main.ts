import { readConfiguration } from '#platform/configuration';

import { serve } from './serve.js';
import { openWebhookIngestParts } from './webhook-ingest.parts.js';

/** Takes webhooks in. `url` is where it listens: loopback only, because it speaks plain HTTP. */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ url: string; close(): Promise<void> }> => {
  const configuration = readConfiguration(environment);
  return serve(await openWebhookIngestParts(configuration), { port: configuration.webhookPort });
};
