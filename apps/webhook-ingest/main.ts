import { readConfiguration, readInboundSettings } from '#platform/configuration';

import { serve } from './serve.js';
import { openWebhookIngestParts } from './webhook-ingest.parts.js';

/** Takes webhooks in. Plain HTTP is for loopback alone. Throws ConfigurationError for a wrong setting. */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ url: string; close(): Promise<void> }> => {
  const configuration = readConfiguration(environment);
  const inbound = readInboundSettings(environment, 'webhook-ingest');
  return serve(await openWebhookIngestParts(configuration), { port: configuration.webhookPort, inbound });
};
