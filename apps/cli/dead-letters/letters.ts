import type { EventRow } from '#event-store';
import { eventColumns } from '#event-store';
import type { Pool } from 'pg';

import type { LetterId } from './letter-id.js';

type EventLetterId = Extract<LetterId, { kind: 'event' }>;
type CommandLetterId = Extract<LetterId, { kind: 'command' }>;

/** An event that a consumer could not digest. */
export interface EventLetter {
  consumer: string;
  shard: number;
  position: string;
  tenant_id: string;
  stream_id: string;
  event_id: string;
  event_type: string;
  reason: 'poison' | 'blocked';
  error: string | null;
  tries: number;
  created_at: Date;
  retry_requested_at: Date | null;
  discarded_at: Date | null;
  discarded_by: string | null;
  discard_reason: string | null;
  /** Later events of the stream that wait behind it. */
  behind: number;
}

/** A record of billing.commands.v1 that was no command. What it claims to be, nobody has proved. */
export interface CommandLetter {
  kafka_partition: number;
  kafka_offset: string;
  appended_at: Date;
  reason: string;
  detail: string;
  claimed_producer: string | null;
  claimed_tenant: string | null;
  message_id: string | null;
  command_type: string | null;
  created_at: Date;
}

export interface LetterFilter {
  consumer?: string | undefined;
  tenantId?: string | undefined;
  discarded?: boolean;
  limit: number;
}

const letterColumns = `d.consumer, d.shard, d.position, d.tenant_id, d.stream_id, d.event_id, d.event_type, d.reason, d.error, d.tries,
  d.created_at, d.retry_requested_at, d.discarded_at, d.discarded_by, d.discard_reason,
  (select count(*)::integer from billing.dead_letter b where b.consumer = d.consumer and b.tenant_id = d.tenant_id
     and b.stream_id = d.stream_id and b.position > d.position and b.discarded_at is null) as behind`;

/** Events that failed, oldest first: those that wait, or those that were discarded. */
export const listEventLetters = async (
  pool: Pool,
  { consumer, tenantId, discarded = false, limit }: LetterFilter,
): Promise<EventLetter[]> => {
  const { rows } = await pool.query<EventLetter>(
    `select ${letterColumns} from billing.dead_letter d
     where d.reason = 'poison' and (d.discarded_at is not null) = $1 and ($2::text is null or d.consumer = $2)
       and ($3::uuid is null or d.tenant_id = $3)
     order by d.created_at, d.consumer, d.shard, d.position limit $4`,
    [discarded, consumer ?? null, tenantId ?? null, limit],
  );
  return rows;
};

export const findEventLetter = async (
  pool: Pool,
  { consumer, shard, position }: EventLetterId,
): Promise<EventLetter | undefined> => {
  const { rows } = await pool.query<EventLetter>(
    `select ${letterColumns} from billing.dead_letter d where d.consumer = $1 and d.shard = $2 and d.position = $3`,
    [consumer, shard, position],
  );
  return rows[0];
};

/** How many letters wait, poison and blocked ones, in all. */
export const countEventLetters = async (pool: Pool): Promise<{ poison: number; blocked: number }> => {
  const { rows } = await pool.query<{ poison: number; blocked: number }>(
    `select count(*) filter (where reason = 'poison')::integer as poison, count(*) filter (where reason = 'blocked')::integer as blocked
     from billing.dead_letter where discarded_at is null`,
  );
  return rows[0] ?? { poison: 0, blocked: 0 };
};

/** What waits behind a letter, in the order in which it will be digested. */
export const lettersBehind = async (
  pool: Pool,
  { consumer, tenant_id, stream_id, position }: EventLetter,
  limit: number,
): Promise<{ position: string; event_type: string; reason: string }[]> => {
  const { rows } = await pool.query<{ position: string; event_type: string; reason: string }>(
    `select position, event_type, reason from billing.dead_letter
     where consumer = $1 and tenant_id = $2 and stream_id = $3 and position > $4 and discarded_at is null order by position limit $5`,
    [consumer, tenant_id, stream_id, position, limit],
  );
  return rows;
};

/** The first letter of a letter's stream: what it waits behind, or itself. */
export const firstOfStream = async (
  pool: Pool,
  { consumer, tenant_id, stream_id }: EventLetter,
): Promise<string | undefined> => {
  const { rows } = await pool.query<{ position: string }>(
    `select position from billing.dead_letter where consumer = $1 and tenant_id = $2 and stream_id = $3 and discarded_at is null
     order by position limit 1`,
    [consumer, tenant_id, stream_id],
  );
  return rows[0]?.position;
};

export const eventAt = async (pool: Pool, shard: number, position: string): Promise<EventRow | undefined> => {
  const { rows } = await pool.query<EventRow>(
    `select ${eventColumns} from billing.event where shard = $1 and position = $2`,
    [shard, position],
  );
  return rows[0];
};

const commandColumns =
  'kafka_partition, kafka_offset, appended_at, reason, detail, claimed_producer, claimed_tenant, message_id, command_type, created_at';

export const listCommandLetters = async (pool: Pool, { tenantId, limit }: LetterFilter): Promise<CommandLetter[]> => {
  const { rows } = await pool.query<CommandLetter>(
    `select ${commandColumns} from billing.command_dead_letter where $1::text is null or lower(claimed_tenant) = $1
     order by created_at, kafka_partition, kafka_offset limit $2`,
    [tenantId ?? null, limit],
  );
  return rows;
};

/** Mostly one; more where the topic was made anew and counts from 0 again. The newest comes first. */
export const findCommandLetters = async (
  pool: Pool,
  { partition, offset }: CommandLetterId,
): Promise<CommandLetter[]> => {
  const { rows } = await pool.query<CommandLetter>(
    `select ${commandColumns} from billing.command_dead_letter where kafka_partition = $1 and kafka_offset = $2
     order by appended_at desc limit 10`,
    [partition, offset],
  );
  return rows;
};

/** Asks the running consumer to try a letter again, as the consumer's role. False when it no longer waits. */
export const requestRetry = async (pool: Pool, { consumer, shard, position }: EventLetterId): Promise<boolean> => {
  const { rowCount } = await pool.query(
    `update billing.dead_letter set retry_requested_at = now()
     where consumer = $1 and shard = $2 and position = $3 and reason = 'poison' and discarded_at is null`,
    [consumer, shard, position],
  );
  return rowCount === 1;
};

/** Has the consumer go on without an event, as the consumer's role. False when the letter no longer waits. */
export const discard = async (
  pool: Pool,
  { consumer, shard, position }: EventLetterId,
  { by, reason }: { by: string; reason: string },
): Promise<boolean> => {
  const { rowCount } = await pool.query(
    `update billing.dead_letter set discarded_at = now(), discarded_by = $4, discard_reason = $5, retry_requested_at = null
     where consumer = $1 and shard = $2 and position = $3 and reason = 'poison' and discarded_at is null`,
    [consumer, shard, position, by, reason],
  );
  return rowCount === 1;
};
