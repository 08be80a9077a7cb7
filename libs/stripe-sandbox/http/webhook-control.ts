/**
 * `/sandbox/webhooks`: what tests tell the deliverer. A POST is a fault, or an action: `pause`, `resume`, `retry` (whatever waits is
 * due now), `resend` of an event, `roll_secret` of an endpoint.
 */
import type { Deliverer } from '../webhooks/deliverer.js';
import { parseDeliveryFault } from '../webhooks/faults.js';
import type { DeliveryState } from '../state/delivery-queue.js';
import { randomText } from '../state/ids.js';
import { wantsEvent } from '../state/event-types.js';
import type { Store } from '../state/store.js';
import { invalidParameter, resourceMissing } from '../wire/errors.js';
import { assertNames, integerWithin, isRecord, wrongField } from '../wire/json.js';

const MOST_LISTED = 1_000;
const DAY_MS = 24 * 60 * 60 * 1_000;
const states: readonly DeliveryState[] = ['waiting', 'delivered', 'failed', 'dropped'];

export interface WebhookControlOptions {
  deliverer: Deliverer;
  store: Store;
  clock: () => number;
}

const textIn = (body: Record<string, unknown>, field: string): string => {
  const value = body[field];
  if (typeof value === 'string' && value !== '' && value.length <= 200) return value;
  throw wrongField(field, `${field} must be an id.`);
};

/** Another delivery of an event: to one endpoint, or to all that want its type. Gives how many. */
const resend = ({ store, clock }: WebhookControlOptions, body: Record<string, unknown>): number => {
  const id = textIn(body, 'event');
  const event = store.event(id);
  if (!event) throw resourceMissing('event', id, 'event');
  const wanted = body.endpoint === undefined ? undefined : textIn(body, 'endpoint');
  const endpoints = store
    .endpoints()
    .filter((endpoint) => (wanted === undefined ? wantsEvent(endpoint, event) : endpoint.id === wanted));
  if (wanted !== undefined && endpoints.length === 0) throw resourceMissing('webhook_endpoint', wanted, 'endpoint');
  store.transaction(() => {
    for (const endpoint of endpoints) store.deliveries.add(id, endpoint.id, clock());
  });
  return endpoints.length;
};

/** A new secret; the one before it is good for `overlapMs`. Gives the new one. */
const rollSecret = ({ store, clock }: WebhookControlOptions, body: Record<string, unknown>): string => {
  const id = textIn(body, 'endpoint');
  const endpoint = store.endpoints().find((each) => each.id === id);
  if (!endpoint) throw resourceMissing('webhook_endpoint', id, 'endpoint');
  const overlap_ms = integerWithin(body.overlapMs, 'overlapMs', 0, DAY_MS, DAY_MS);
  const secret = body.secret === undefined ? `whsec_${randomText(32)}` : textIn(body, 'secret');
  const still = (endpoint.earlier_secrets ?? []).filter(({ until_ms }) => until_ms > clock());
  const earlier_secrets = [{ secret: endpoint.secret, until_ms: clock() + overlap_ms }, ...still].slice(0, 4);
  store.transaction(() => {
    store.write(id, JSON.stringify({ ...endpoint, secret, earlier_secrets }));
  });
  return secret;
};

const act = (options: WebhookControlOptions, body: Record<string, unknown>): Record<string, unknown> => {
  const { deliverer, store, clock } = options;
  assertNames(body, ['action', 'event', 'endpoint', 'overlapMs', 'secret'], '');
  switch (body.action) {
    case 'pause':
      deliverer.pause();
      return { paused: true };
    case 'resume':
      deliverer.resume();
      return { paused: false };
    case 'retry':
      store.deliveries.hasten(clock());
      deliverer.wake();
      return { waiting: store.deliveries.waiting() };
    case 'resend': {
      const resent = resend(options, body);
      deliverer.wake();
      return { resent };
    }
    case 'roll_secret':
      return { secret: rollSecret(options, body) };
    default:
      throw wrongField('action', 'action must be one of pause, resume, retry, resend, roll_secret.');
  }
};

const list = ({ deliverer, store }: WebhookControlOptions, query: string): Record<string, unknown> => {
  const params = new URLSearchParams(query);
  const number = (name: string, least: number, most: number, absent: number): number => {
    const text = params.get(name);
    return integerWithin(text === null ? undefined : Number(text), name, least, most, absent);
  };
  const limit = number('limit', 1, MOST_LISTED, MOST_LISTED);
  const wanted = params.get('state');
  const state = states.find((each) => each === wanted);
  if (wanted !== null && !state) throw invalidParameter('state', `state must be one of ${states.join(', ')}.`);
  const after = number('starting_after', 0, Number.MAX_SAFE_INTEGER, 0);
  const rows = store.deliveries.list({ event: params.get('event') ?? undefined, state, after, limit: limit + 1 });
  return {
    data: rows.slice(0, limit),
    has_more: rows.length > limit,
    waiting: store.deliveries.waiting(),
    paused: deliverer.paused,
    faults: deliverer.faults.list(),
  };
};

/** What a request of `/sandbox/webhooks` is answered with; undefined for a method that it does not have. Throws StripeError. */
export const controlWebhooks = (
  options: WebhookControlOptions,
  method: string,
  query: string,
  body: unknown,
): unknown => {
  const { deliverer } = options;
  if (method === 'GET') return list(options, query);
  if (method === 'DELETE') {
    deliverer.faults.clear();
    deliverer.resume();
    return list(options, '');
  }
  if (method !== 'POST') return undefined;
  if (!isRecord(body)) throw wrongField('body', 'The body must be a JSON object.');
  return body.action === undefined ? deliverer.faults.arm(parseDeliveryFault(body)) : act(options, body);
};
