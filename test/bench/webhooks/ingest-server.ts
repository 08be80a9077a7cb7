import { readConfiguration } from '#platform/configuration';

import { serve } from '../../../apps/webhook-ingest/serve.js';
import { openWebhookIngestParts } from '../../../apps/webhook-ingest/webhook-ingest.parts.js';

/** The first half of the ingest alone: what is stored is not applied. Serves until its parent goes. */
const parts = await openWebhookIngestParts(readConfiguration(process.env));
process.on('disconnect', () => process.exit(0));
process.send?.({ url: (await serve(parts, { port: 0, applies: false })).url });
