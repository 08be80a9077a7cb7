import { answers, lists, shows } from '../http/endpoint.js';
import { pageOfKind } from '../http/pages.js';
import { presentWebhookEndpoint } from '../objects/webhook-endpoint.js';
import { API_VERSION } from '../objects/version.js';
import { randomText } from '../state/ids.js';
import type { WebhookEndpointRecord } from '../state/records.js';
import { invalidParameter, refused } from '../wire/errors.js';
import type { Reader } from '../wire/params.js';
import { boolean, listOf, mergeMetadata, metadata, string, stringUpTo, unsettable } from '../wire/params.js';

/** As many as Stripe lets an account have. */
const MOST_ENDPOINTS = 16;

const url: Reader<string> = (raw, param) => {
  const text = string(raw, param);
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw invalidParameter(param, 'Invalid URL: An explicit scheme (such as https) must be provided.', 'url_invalid');
};

const eventType: Reader<string> = (raw, param) => {
  const type = string(raw, param);
  if (type === '*' || /^[a-z0-9_]+(\.[a-z0-9_]+)+$/.test(type)) return type;
  throw invalidParameter(param, `Invalid ${param}: ${type.slice(0, 60)} is not a type of event.`);
};

const version: Reader<string> = (raw, param) => {
  const wanted = string(raw, param);
  if (wanted === API_VERSION) return wanted;
  throw invalidParameter(param, `The sandbox writes events as of ${API_VERSION} and no other version.`);
};

const creating = {
  api_version: version,
  connect: boolean,
  description: unsettable(string),
  enabled_events: listOf(eventType),
  metadata,
  url,
};

const changing = {
  description: unsettable(stringUpTo(5_000)),
  disabled: boolean,
  enabled_events: listOf(eventType),
  metadata,
  url,
};

const base = '/v1/webhook_endpoints';

export const webhookEndpoints = [
  answers('POST', base, {
    takes: creating,
    requires: ['enabled_events', 'url'],
    run: (work, params) => {
      if (work.store.endpoints().length >= MOST_ENDPOINTS) {
        throw refused(`You have reached the maximum of ${String(MOST_ENDPOINTS)} test webhook endpoints.`);
      }
      const endpoint: WebhookEndpointRecord = work.save('webhook_endpoint', {
        id: work.newId('webhook_endpoint'),
        created: work.now,
        url: params.url,
        secret: `whsec_${randomText(32)}`,
        enabled_events: params.enabled_events,
        metadata: mergeMetadata({}, params.metadata),
        ...(params.connect && { connect: true }),
        ...(params.description && { description: params.description }),
      });
      return { ...presentWebhookEndpoint(endpoint), secret: endpoint.secret };
    },
  }),
  shows('webhook_endpoint', 'GET', `${base}/:id`, {
    takes: {},
    run: (work, _params, id) => work.get('webhook_endpoint', id),
  }),
  shows('webhook_endpoint', 'POST', `${base}/:id`, {
    takes: changing,
    run: (work, params, id) => {
      const endpoint = work.get('webhook_endpoint', id);
      return work.save('webhook_endpoint', {
        ...endpoint,
        url: params.url ?? endpoint.url,
        enabled_events: params.enabled_events ?? endpoint.enabled_events,
        metadata: mergeMetadata(endpoint.metadata, params.metadata),
        description: params.description === undefined ? endpoint.description : (params.description ?? undefined),
        disabled: (params.disabled ?? endpoint.disabled) ? true : undefined,
      });
    },
  }),
  shows('webhook_endpoint', 'DELETE', `${base}/:id`, {
    takes: {},
    run: (work, _params, id) => work.save('webhook_endpoint', { ...work.get('webhook_endpoint', id), deleted: true }),
  }),
  lists('webhook_endpoint', base, {
    takes: {},
    run: (work, params) => pageOfKind(work, 'webhook_endpoint', params, { keep: (endpoint) => !endpoint.deleted }),
  }),
];
