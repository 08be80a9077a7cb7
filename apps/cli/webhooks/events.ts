import type { Pool } from 'pg';

export const states = ['received', 'waiting', 'applied', 'ignored', 'quarantined', 'failed'] as const;
export type State = (typeof states)[number];

/** States that wait for a person, who may have such events tried again all together. */
export const stuckStates = ['quarantined', 'failed'] as const;
export type StuckState = (typeof stuckStates)[number];

/** An event of the processor, without its body. */
export interface WebhookEvent {
  processor: string;
  event_id: string;
  source: 'delivered' | 'reconciled';
  account: string | null;
  type: string;
  api_version: string | null;
  livemode: boolean;
  created_at: Date;
  received_at: Date;
  state: State;
  outcome: string | null;
  reason: string | null;
  tries: number;
  faults: number;
  not_before: Date;
  tenant_id: string | null;
  applied_at: Date | null;
  dismissed_by: string | null;
  dismiss_reason: string | null;
}

const columns = `e.processor, e.event_id, e.source, e.account, e.type, e.api_version, e.livemode, e.created_at, e.received_at, e.state, e.outcome,
  e.reason, e.tries, e.faults, e.not_before, e.tenant_id, e.applied_at,
  e.dismissed_by, e.dismiss_reason`;

/** Those received last, the newest first; a state at a time, which the index has in that order. */
export const listEvents = async (
  pool: Pool,
  { state, since, limit }: { state?: State | undefined; since?: Date | undefined; limit: number },
): Promise<WebhookEvent[]> => {
  const { rows } = await pool.query<WebhookEvent>(
    `select e.* from unnest($1::text[]) as s (state) cross join lateral (
       select ${columns} from billing.webhook_events e where e.state = s.state and e.received_at >= $2
       order by e.received_at desc limit $3) e
     order by e.received_at desc, e.event_id limit $3`,
    [state === undefined ? states : [state], since ?? '-infinity', limit],
  );
  return rows;
};

/** How many events there are that wait for a person. */
export const countStuck = async (pool: Pool, wanted: readonly StuckState[] = stuckStates): Promise<number> => {
  const { rows } = await pool.query<{ stuck: number }>(
    'select count(*)::integer as stuck from billing.webhook_events where state = any ($1)',
    [wanted],
  );
  return rows[0]?.stuck ?? 0;
};

/** Processors name their events without regard to others: one for each that has such an event. */
export const findEvents = async (pool: Pool, eventId: string): Promise<WebhookEvent[]> => {
  const { rows } = await pool.query<WebhookEvent>(
    `select ${columns} from billing.webhook_events e where e.processor = 'stripe' and e.event_id = $1`,
    [eventId],
  );
  return rows;
};

const again = `state = case state when 'waiting' then state else 'received' end, reason = null, faults = 0, not_before = now(),
  looks = 0, replayed_at = now(),
  dismissed_by = null, dismiss_reason = null`;

// Never what is of another mode, nor what is applied: it would change nothing.
const replayable = `state in ('waiting', 'ignored', 'quarantined', 'failed') and reason is distinct from 'livemode_mismatch'`;

/** Has an event tried again. False where there is none, or none that may be. */
export const replayEvent = async (pool: Pool, { processor, event_id }: WebhookEvent): Promise<boolean> => {
  const { rowCount } = await pool.query(
    `update billing.webhook_events set ${again} where processor = $1 and event_id = $2 and ${replayable}`,
    [processor, event_id],
  );
  return rowCount === 1;
};

/** Has `limit` events at most of a state tried again, the oldest first; gives how many. */
export const replayState = async (pool: Pool, state: StuckState, limit: number): Promise<number> => {
  const { rowCount } = await pool.query(
    `update billing.webhook_events e set ${again} from (
       select processor, event_id from billing.webhook_events where state = $1 order by received_at limit $2 for update skip locked) stuck
     where e.processor = stuck.processor and e.event_id = stuck.event_id`,
    [state, limit],
  );
  return rowCount ?? 0;
};

/** Lets an event alone that waits for a person; one that is replayed later is not dismissed any more. False where it does not wait. */
export const dismissEvent = async (
  pool: Pool,
  { processor, event_id }: WebhookEvent,
  { by, reason }: { by: string; reason: string },
): Promise<boolean> => {
  const { rowCount } = await pool.query(
    `update billing.webhook_events set state = 'ignored', reason = 'dismissed', dismissed_by = $3, dismiss_reason = $4
     where processor = $1 and event_id = $2 and state = any ($5)`,
    [processor, event_id, by, reason, stuckStates],
  );
  return rowCount === 1;
};
