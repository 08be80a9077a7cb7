import type { WebhookEndpointRecord } from '../state/records.js';
import { API_VERSION } from './version.js';

/** The `webhook_endpoint` object. Its secret is shown once, by who made it. */
export const presentWebhookEndpoint = (endpoint: WebhookEndpointRecord) =>
  endpoint.deleted
    ? { id: endpoint.id, object: 'webhook_endpoint', deleted: true }
    : {
        id: endpoint.id,
        object: 'webhook_endpoint',
        api_version: API_VERSION,
        application: null,
        created: endpoint.created,
        description: endpoint.description ?? null,
        enabled_events: endpoint.enabled_events,
        livemode: false,
        metadata: endpoint.metadata,
        status: endpoint.disabled ? 'disabled' : 'enabled',
        url: endpoint.url,
      };
