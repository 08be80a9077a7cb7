import { hash } from 'node:crypto';

import type { ListedEvent } from '#processor';
import { readEvent } from '#processor/stripe/events';

import type { Comparison } from './comparison.js';
import { inGroups } from './in-parallel.js';
import type { Finding } from './run.js';
import type { Window } from './slices.js';

const processor = 'stripe';
/** Events looked up by one query. */
const groupSize = 100;

const knownSql = 'select event_id from billing.webhook_events where processor = $1 and event_id = any ($2)';

const insertSql = `insert into billing.webhook_events
    (processor, event_id, source, account, type, api_version, livemode, created_at, received_at, sealed, body_hash)
  values ($1, $2, 'reconciled', $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing`;

const undelivered = ({ head }: ListedEvent): Finding => ({
  tenantId: undefined,
  outcome: 'repaired',
  finding: 'undelivered',
  object: 'event',
  aspect: head.type,
  processorId: head.eventId,
  theirs: head.created,
});

/**
 * Seals an event and puts it where delivered ones wait to be applied; one that was delivered meanwhile stays as it is. It is reported
 * first: a gateway that dies in between has its heir find it once more, and not know it as one that was delivered.
 */
const takeIn = async (comparison: Comparison, event: ListedEvent): Promise<void> => {
  const { head, body } = event;
  const { pool, platformKeys } = comparison.office;
  const { eventId, account, type, apiVersion, livemode, created } = head;
  const bytes = Buffer.from(body);
  const sealed = await platformKeys.sealInbox({ processor, eventId }, { body: bytes, signature: undefined });
  const origin = [account ?? null, type, apiVersion ?? null, livemode, created, comparison.now()];
  await comparison.compared('event', [undelivered(event)]);
  await pool.query(insertSql, [processor, eventId, ...origin, sealed, hash('sha256', bytes, 'buffer')]);
};

const compareGroup = async (comparison: Comparison, listed: readonly ListedEvent[]): Promise<void> => {
  const { pool, livemode } = comparison.office;
  const used = listed.filter(
    ({ head, body }) => head.livemode === livemode && readEvent(body).reading.kind !== 'unused',
  );
  const ids = used.map(({ head }) => head.eventId);
  const { rows } = await pool.query<{ event_id: string }>(knownSql, [processor, ids]);
  const known = new Set(rows.map((row) => row.event_id));
  for (const event of used) {
    const { eventId } = event.head;
    if (known.has(eventId)) {
      await comparison.compared('event', []);
      continue;
    }
    await comparison.attempt({ object: 'event', processorId: eventId, tenantId: undefined }, () =>
      takeIn(comparison, event),
    );
  }
};

/**
 * Takes in the events of the window that were never delivered, of the platform or of a connected account. Only those that this
 * service has a use for: an endpoint is not sent the others either. Those of the run's last minutes may be on their way; the next run
 * looks at them.
 */
export const takeInUndelivered = async (comparison: Comparison, window: Window, account?: string): Promise<void> => {
  const { run, office } = comparison;
  const to = new Date(Math.min(window.to.getTime(), run.window.to.getTime() - office.deliveryMs));
  if (to <= window.from) return;
  const listed = comparison.list((asked) => asked.listEvents({ from: window.from, to }, account));
  for await (const group of inGroups(listed, groupSize)) {
    await compareGroup(comparison, group);
    await comparison.stay();
  }
};
