import Table from 'cli-table3';

import type { WebhookEvent } from './events.js';

/** Text of others on a terminal: nothing in it may drive the terminal. */
const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, ' ');

/** What became of it, in one column. */
const fateOf = ({ outcome, reason, state, not_before }: WebhookEvent): string => {
  const said = [outcome, reason].filter((each) => each !== null).join(', ');
  if (state === 'waiting') return `${said}; due ${not_before.toISOString()}`;
  return said;
};

export const tableOf = (events: readonly WebhookEvent[]): string => {
  const table = new Table({
    head: ['event', 'type', 'state', 'why', 'tries', 'account', 'received'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'left', 'left', 'right', 'left', 'left'],
  });
  for (const event of events) {
    const { event_id: id, type, state, tries, account, received_at: received } = event;
    table.push([id, type, state, fateOf(event), tries, account ?? '', received.toISOString()].map(cell));
  }
  return table.toString();
};

const cell = (value: string | number): string | number => (typeof value === 'string' ? printable(value) : value);

export const jsonOf = (event: WebhookEvent): Record<string, unknown> => ({
  processor: event.processor,
  eventId: event.event_id,
  type: event.type,
  state: event.state,
  outcome: event.outcome,
  reason: event.reason,
  tries: event.tries,
  faults: event.faults,
  tenantId: event.tenant_id,
  account: event.account,
  apiVersion: event.api_version,
  livemode: event.livemode,
  source: event.source,
  createdAt: event.created_at,
  receivedAt: event.received_at,
  dueAt: ['received', 'waiting'].includes(event.state) ? event.not_before : null,
  appliedAt: event.applied_at,
  dismissedBy: event.dismissed_by,
  dismissReason: event.dismiss_reason,
});

/** Each field of an event on a line of its own. */
export const linesOf = (event: WebhookEvent): string =>
  Object.entries(jsonOf(event))
    .filter(([, value]) => value !== null)
    .map(
      ([name, value]) => `${name.padEnd(15)}${printable(value instanceof Date ? value.toISOString() : String(value))}`,
    )
    .join('\n');
