import type { EventRecord } from '../state/records.js';

/** Thin events are those of the API's second version. */
export const isThin = (event: EventRecord): boolean => event.type.startsWith('v2.');

/** The notification of a thin event: what has happened, and to which object, without the object. https://docs.stripe.com/webhooks#thin-events */
export const presentThinEvent = (event: EventRecord) => ({
  id: event.id,
  object: 'v2.core.event',
  context: event.account ?? null,
  created: new Date(event.created * 1_000).toISOString(),
  livemode: false,
  reason: null,
  related_object: event.record,
  type: event.type,
});
