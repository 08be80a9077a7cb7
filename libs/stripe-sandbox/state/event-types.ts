import type { EventRecord, WebhookEndpointRecord } from './records.js';

/** `charge.*` is every type that begins with `charge.`, `*` every type. */
export const matchesType = (wanted: string, type: string): boolean =>
  wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;

/** Whether `event` is one that `endpoint` is for: an endpoint hears of the platform, or of all connected accounts. */
export const wantsEvent = (endpoint: WebhookEndpointRecord, event: Pick<EventRecord, 'type' | 'account'>): boolean =>
  !endpoint.disabled &&
  (endpoint.connect ?? false) === (event.account !== undefined) &&
  endpoint.enabled_events.some((wanted) => matchesType(wanted, event.type));
