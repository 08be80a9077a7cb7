import type { EventRow } from '#event-store';
import { rfc3339 } from '#event-store';
import Table from 'cli-table3';

import { textOf } from './letter-id.js';
import type { CommandLetter, EventLetter } from './letters.js';

/** Text of others on a terminal: nothing in it may drive the terminal. */
export const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, ' ');

export const idOfEvent = ({ consumer, shard, position }: EventLetter): string =>
  textOf({ kind: 'event', consumer, shard, position: Number(position) });

export const idOfCommand = ({ kafka_partition, kafka_offset }: CommandLetter): string =>
  textOf({ kind: 'command', partition: kafka_partition, offset: kafka_offset });

/** `90 s`, `12 min`, `5 h`, `3 d`. */
export const ageOf = (since: Date, now = new Date()): string => {
  const seconds = Math.max(0, Math.round((now.getTime() - since.getTime()) / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
};

const short = (text: string, length = 60): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

export const tableOf = (events: readonly EventLetter[], commands: readonly CommandLetter[]): string => {
  const table = new Table({
    head: ['id', 'what', 'tenant', 'behind', 'tries', 'age', 'error'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'left'],
  });
  for (const letter of events) {
    const { event_type: type, tenant_id: tenant, behind, tries, created_at: since } = letter;
    const said = letter.discard_reason ?? `${letter.retry_requested_at ? 'retry is due; ' : ''}${letter.error ?? ''}`;
    table.push([idOfEvent(letter), type, tenant, behind, tries, ageOf(since), short(printable(said))]);
  }
  for (const letter of commands) {
    const { claimed_tenant: tenant, command_type: type, created_at: since } = letter;
    const said = `${letter.reason}: ${letter.detail}`;
    table.push([
      idOfCommand(letter),
      short(printable(type ?? 'a command'), 30),
      short(printable(tenant ?? ''), 36),
      '',
      '',
      ageOf(since),
      short(printable(said)),
    ]);
  }
  return table.toString();
};

export const eventJson = (letter: EventLetter): Record<string, unknown> => ({
  id: idOfEvent(letter),
  kind: 'event',
  consumer: letter.consumer,
  position: `${letter.shard}:${letter.position}`,
  type: letter.event_type,
  eventId: letter.event_id,
  tenantId: letter.tenant_id,
  streamId: letter.stream_id,
  reason: letter.reason,
  error: letter.error,
  tries: letter.tries,
  behind: letter.behind,
  createdAt: letter.created_at,
  retryRequestedAt: letter.retry_requested_at,
  ...(letter.discarded_at && {
    discardedAt: letter.discarded_at,
    discardedBy: letter.discarded_by,
    discardReason: letter.discard_reason,
  }),
});

export const commandJson = (letter: CommandLetter): Record<string, unknown> => ({
  id: idOfCommand(letter),
  kind: 'command',
  reason: letter.reason,
  detail: letter.detail,
  claimedProducer: letter.claimed_producer,
  claimedTenant: letter.claimed_tenant,
  messageId: letter.message_id,
  type: letter.command_type,
  appendedAt: letter.appended_at,
  createdAt: letter.created_at,
});

/** The event as it is stored: its data is not opened. */
export const envelopeJson = (row: EventRow): Record<string, unknown> => ({
  position: `${row.shard}:${row.position}`,
  type: row.type,
  schemaVersion: row.schema_version,
  tenantId: row.tenant_id,
  streamId: row.stream_id,
  version: row.version,
  eventId: row.event_id,
  correlationId: row.correlation_id,
  causationId: row.causation_id,
  ...row.metadata,
  recordedAt: rfc3339(row.recorded_at),
  data: JSON.parse(row.data) as unknown,
});
