import type { Actor, DomainEvent } from '#contracts';
import { eventTypes, isEventType } from '#contracts';
import canonicalize from 'canonicalize';
import type { Pool } from 'pg';
import { v5 as uuidv5 } from 'uuid';

/** A value that must be unique across the streams of a tenant; the appending stream holds it from then on. */
export interface Claim {
  kind: string;
  value: string;
}

/** An amount to add to a sum that may then be at most `max`. Negative amounts give back. */
export interface Counter {
  kind: string;
  key: string;
  amount: number;
  max: number;
}

/** What one command wants written: its events, at one place of one stream, or nothing. */
export interface AppendCommand {
  tenantId: string;
  commandId: string;
  /** HMAC of what was asked; tells a repeat from an id used for something else. */
  fingerprint: Buffer;
  streamId: string;
  /** The version the decision was made on; 0 for a stream that must not exist yet. */
  expectedVersion: number;
  events: readonly DomainEvent[];
  correlationId: string;
  actor: Actor;
  traceparent?: string;
  claims?: readonly Claim[];
  counters?: readonly Counter[];
}

export type AppendResult =
  | { status: 'ok'; version: number; position: number }
  /** Appended before; `version` and `fingerprint` are null only for a repeat within one batch. */
  | { status: 'duplicate'; streamId: string; version: number | null; fingerprint: Buffer | null }
  | { status: 'conflict'; version: number }
  /** `rule` is the kind of the claim or counter that stood against it; `heldBy` the stream that holds the claim. */
  | { status: 'refused'; rule: string; heldBy: string | null };

/** Writes a batch of commands of one shard. Results are in the order of `commands`. */
export type AppendBatch = (shard: number, commands: readonly AppendCommand[]) => Promise<AppendResult[]>;

interface AppendRow {
  ord: number;
  status: AppendResult['status'];
  rule: string | null;
  stream_id: string | null;
  version: number | null;
  fingerprint: Buffer | null;
  position: string | null;
}

const sql = `select ord, status, rule, stream_id, version, fingerprint, position from billing.append(
  $1::smallint, $2::uuid[], $3::uuid[], $4::bytea[], $5::text[], $6::integer[], $7::integer[],
  $8::integer[], $9::integer[], $10::uuid[], $11::text[], $12::smallint[], $13::uuid[], $14::text[], $15::jsonb[],
  $16::integer[], $17::text[], $18::text[], $19::integer[], $20::text[], $21::text[], $22::bigint[], $23::bigint[])`;

/** Appends through `pool`, whose role must have execute on billing.append (migrations/0002_append.sql documents it). */
export const appendOver =
  (pool: Pool): AppendBatch =>
  async (shard, commands) => {
    const { rows } = await pool.query<AppendRow>({
      name: 'append',
      text: sql,
      values: [shard, ...columnsOf(commands)],
    });
    const results = new Array<AppendResult>(commands.length);
    for (const row of rows) results[row.ord - 1] = resultOf(row);
    return results;
  };

/** The ids a command's events get: derived, so that a repeat of the command can only mean the same events. */
export const eventIdOf = (commandId: string, index: number): string => uuidv5(String(index), commandId);

/** The stored form of an event's data: RFC 8785 text without the type, which has a column of its own. */
export const encodeData = ({ type: _, ...data }: DomainEvent): string => canonicalize(data) as string;

const columnsOf = (commands: readonly AppendCommand[]): unknown[] => {
  const c = {
    tenant: [] as string[],
    id: [] as string[],
    fingerprint: [] as Buffer[],
    stream: [] as string[],
    expected: [] as number[],
    events: [] as number[],
  };
  const e = {
    command: [] as number[],
    turn: [] as number[],
    id: [] as string[],
    type: [] as string[],
    schemaVersion: [] as number[],
    correlation: [] as string[],
    data: [] as string[],
    metadata: [] as string[],
  };
  const k = { command: [] as number[], kind: [] as string[], value: [] as string[] };
  const n = {
    command: [] as number[],
    kind: [] as string[],
    key: [] as string[],
    amount: [] as number[],
    max: [] as number[],
  };
  commands.forEach((command, at) => {
    c.tenant.push(command.tenantId);
    c.id.push(command.commandId);
    c.fingerprint.push(command.fingerprint);
    c.stream.push(command.streamId);
    c.expected.push(command.expectedVersion);
    c.events.push(command.events.length);
    const metadata = JSON.stringify({ actor: command.actor, traceparent: command.traceparent });
    command.events.forEach((event, index) => {
      if (!isEventType(event.type)) throw new Error(`${event.type} is not in the registry of event types`);
      e.command.push(at + 1);
      e.turn.push(index + 1);
      e.id.push(eventIdOf(command.commandId, index));
      e.type.push(event.type);
      e.schemaVersion.push(eventTypes[event.type].version);
      e.correlation.push(command.correlationId);
      e.data.push(encodeData(event));
      e.metadata.push(metadata);
    });
    for (const claim of command.claims ?? []) {
      k.command.push(at + 1);
      k.kind.push(claim.kind);
      k.value.push(claim.value);
    }
    for (const counter of command.counters ?? []) {
      n.command.push(at + 1);
      n.kind.push(counter.kind);
      n.key.push(counter.key);
      n.amount.push(counter.amount);
      n.max.push(counter.max);
    }
  });
  return [c, e, k, n].flatMap((columns) => Object.values(columns) as unknown[]);
};

const resultOf = (row: AppendRow): AppendResult => {
  switch (row.status) {
    case 'ok':
      return { status: 'ok', version: Number(row.version), position: Number(row.position) };
    case 'duplicate':
      return {
        status: 'duplicate',
        streamId: String(row.stream_id),
        version: row.version,
        fingerprint: row.fingerprint,
      };
    case 'conflict':
      return { status: 'conflict', version: Number(row.version) };
    case 'refused':
      return { status: 'refused', rule: String(row.rule), heldBy: row.stream_id };
  }
};
