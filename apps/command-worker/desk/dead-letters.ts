import type { Keys } from '#keys';
import type { TenantShards } from '#event-store';
import { UnknownTenant } from '#event-store';
import { bodyLimitBytes } from '#command-handling';
import { isTenantId } from '#access/tenancy';
import { scrubCardNumbers } from '#platform/logging';
import type { Message } from 'kafkajs';
import type { Pool } from 'pg';

import { timestampOf } from '../record/append-time.js';
import { claimsOf } from '../record/command-record.js';
import type { DeadLetter } from './verdict.js';

/** A dead letter as it is kept: no signature, no forwarded token, and the body sealed or left out. */
interface KeptLetter {
  partition: number;
  offset: string;
  appendedAt: string;
  reason: string;
  detail: string;
  producer?: string;
  tenant?: string;
  messageId?: string;
  type?: string;
  sealedBody?: string;
}

const insertSql = `insert into billing.command_dead_letter
    (kafka_partition, kafka_offset, appended_at, reason, detail, claimed_producer, claimed_tenant, message_id, command_type, sealed_body)
  select * from unnest($1::integer[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
  on conflict (kafka_partition, kafka_offset, appended_at) do nothing`;

/** Where records go that were no commands: a table, from which they vanish after 30 days, and billing.dead-letters.v1. */
export class DeadLetters {
  constructor(
    private readonly pool: Pool,
    private readonly keys: Pick<Keys, 'sealDeadLetter'>,
    private readonly shards: TenantShards,
  ) {}

  /** Writes letters down, those that are there already only once, and gives the records to publish. */
  async keep(letters: readonly DeadLetter[]): Promise<Message[]> {
    if (letters.length === 0) return [];
    const kept = await Promise.all(letters.map((letter) => this.#kept(letter)));
    const column = (name: keyof KeptLetter) => kept.map((letter) => letter[name] ?? null);
    await this.pool.query({
      name: 'insert_command_dead_letters',
      text: insertSql,
      values: [
        column('partition'),
        column('offset'),
        column('appendedAt'),
        column('reason'),
        column('detail'),
        column('producer'),
        column('tenant'),
        column('messageId'),
        column('type'),
        column('sealedBody'),
      ],
    });
    return kept.map(messageOf);
  }

  /** Deletes what is older than 30 days, as far as the database lets this role. */
  async expire(): Promise<void> {
    await this.pool.query(`delete from billing.command_dead_letter where created_at < now() - interval '30 days'`);
  }

  async #kept({ record, reason, detail }: DeadLetter): Promise<KeptLetter> {
    const place = {
      partition: record.partition,
      offset: record.message.offset,
      appendedAt: timestampOf(record.message).toISOString(),
    };
    // Of a record that holds a card number nothing is kept: not even what it calls itself.
    if (reason === 'raw_card_data') return { ...place, reason, detail };
    const { producer, tenant, messageId, type } = claimsOf(record);
    return {
      ...place,
      reason,
      detail: keepable(detail),
      producer,
      tenant,
      messageId,
      type,
      sealedBody: await this.#sealed(tenant, `${place.partition}:${place.offset}`, record.message.value),
    };
  }

  /** Sealed under the key of the tenant it names. A body that belongs to no tenant of ours is nobody's to read, and not kept. */
  async #sealed(tenant: string | undefined, record: string, body: Buffer | null): Promise<string | undefined> {
    if (!body || body.length === 0 || body.length > bodyLimitBytes) return undefined;
    if (tenant === undefined || !isTenantId(tenant)) return undefined;
    try {
      await this.shards.of(tenant.toLowerCase());
    } catch (error) {
      if (error instanceof UnknownTenant) return undefined;
      throw error;
    }
    return this.keys.sealDeadLetter(tenant.toLowerCase(), record, body);
  }
}

/** Names of fields are quoted in it, and those may hold anything; Postgres, for one, takes no NUL. */
const keepable = (detail: string): string => scrubCardNumbers(detail.replace(/\p{C}/gu, '?')).slice(0, 1_000);

const messageOf = (letter: KeptLetter): Message => ({
  key: `commands:${letter.partition}`,
  value: JSON.stringify({ source: 'commands', ...letter }),
  headers: {
    ce_specversion: '1.0',
    ce_id: `commands:${letter.partition}:${letter.offset}:${Date.parse(letter.appendedAt)}`,
    ce_source: '/billing-service',
    ce_type: 'CommandDeadLettered',
    ce_time: new Date().toISOString(),
    'content-type': 'application/json',
  },
});
