import type { ProcessorEventHead } from '../../news.js';
import { Fields, Unreadable } from '../fields.js';

/** A snapshot event carries the object as it stood; a thin event only names it. */
export interface Envelope {
  form: 'snapshot' | 'thin';
  head: ProcessorEventHead;
}

export interface OpenedEvent extends Envelope {
  event: Fields;
}

/** What an event says of itself, and in which form it came; undefined for a body that is none. Never throws. */
export const readEnvelope = (body: Buffer | string): Envelope | undefined => {
  const opened = openEvent(body);
  return opened && { form: opened.form, head: opened.head };
};

/** What an event says of itself; undefined for a body that is none: not JSON, or without what every event has. Never throws. */
export const readHead = (body: Buffer | string): ProcessorEventHead | undefined => openEvent(body)?.head;

/** The event with its head; undefined for a body that is none. Never throws. */
export const openEvent = (body: Buffer | string): OpenedEvent | undefined => {
  try {
    const event = new Fields(JSON.parse(body.toString()), 'event');
    const form = event.word('object', { event: 'snapshot', 'v2.core.event': 'thin' } as const);
    return { form, head: form === 'snapshot' ? snapshotHead(event) : thinHead(event), event };
  } catch (error) {
    if (error instanceof Unreadable || error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const snapshotHead = (event: Fields): ProcessorEventHead => ({
  eventId: event.token('id'),
  type: event.token('type'),
  apiVersion: event.maybeToken('api_version'),
  livemode: event.boolean('livemode'),
  account: event.maybeToken('account'),
  created: event.instant('created'),
});

/** The context is a path; the account it happened on, where it is not the platform's own, is its end. */
const thinHead = (event: Fields): ProcessorEventHead => {
  const end = event.maybeToken('context')?.split('/').at(-1);
  return {
    eventId: event.token('id'),
    type: event.token('type'),
    apiVersion: undefined,
    livemode: event.boolean('livemode'),
    account: end?.startsWith('acct_') ? end : undefined,
    created: event.timestamp('created'),
  };
};
