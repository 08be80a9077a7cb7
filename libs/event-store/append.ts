import type { Actor, DomainEvent } from '#contracts';
import { derivedId, eventTypes, isEventType } from '#contracts';
import canonicalize from 'canonicalize';
import type { Pool } from 'pg';

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

/** Raised for a tenant that is suspended, by what its role may not append then; nothing of the batch was written. */
export class SuspendedTenant extends Error {
  override readonly name = 'SuspendedTenant';
  constructor(options?: ErrorOptions) {
    super('the tenant is suspended', options);
  }
}

/** Writes batches of commands. Results are in the order of `commands`. Throws SuspendedTenant, and what Postgres raised. */
export interface AppendBatch {
  /** Commands of one shard: waits, 5 s at most, for whoever writes there. */
  (shard: number, commands: readonly AppendCommand[]): Promise<AppendResult[]>;
  /**
   * Commands of several shards, in one transaction: what one of them raises, all of them meet. Waits for nobody: the result is
   * undefined, and nothing was decided, where another transaction writes to the shard at the moment.
   */
  across?: (commands: readonly AppendCommand[]) => Promise<(AppendResult | undefined)[]>;
}

interface AppendRow {
  ord: number;
  status: AppendResult['status'] | 'busy';
  rule: string | null;
  stream_id: string | null;
  version: number | null;
  fingerprint: Buffer | null;
  position: string | null;
}

const sql = `select ord, status, rule, stream_id, version, fingerprint, position from billing.append(
  $1::smallint, $2::uuid[], $3::uuid[], $4::bytea[], $5::text[], $6::integer[], $7::integer[], $8::uuid[],
  string_to_array($9, e'\\x1e')::jsonb[], $10::integer[], $11::integer[], $12::uuid[], $13::text[], $14::smallint[],
  string_to_array($15, e'\\x1e'), $16::integer[], $17::text[], $18::text[], $19::integer[], $20::text[], $21::text[], $22::bigint[],
  $23::bigint[])`;

/** Appends through `pool`, whose role must have execute on billing.append (migrations/0029_append_across.sql documents it). */
export const appendOver = (pool: Pool): AppendBatch => {
  const write = async (shard: number | null, commands: readonly AppendCommand[]) => {
    const { rows } = await pool
      .query<AppendRow>({ name: 'append', text: sql, values: [shard, ...columnsOf(commands)] })
      .catch((error: unknown) => {
        throw (error as { code?: unknown }).code === tenantSuspended ? new SuspendedTenant({ cause: error }) : error;
      });
    const results = new Array<AppendResult | undefined>(commands.length);
    for (const row of rows) results[row.ord - 1] = resultOf(row);
    return results;
  };
  return Object.assign(
    async (shard: number, commands: readonly AppendCommand[]) => (await write(shard, commands)) as AppendResult[],
    { across: (commands: readonly AppendCommand[]) => write(null, commands) },
  );
};

/** The SQLSTATE of our own that `append` raises. */
const tenantSuspended = 'TS001';

/** The ids a command's events get: derived, so that a repeat of the command can only mean the same events. */
export const eventIdOf = (commandId: string, index: number): string => derivedId(commandId, String(index));

/** The stored form of an event's data: RFC 8785 text without the type, which has a column of its own. */
export const encodeData = ({ type: _, ...data }: DomainEvent): string => canonicalize(data) as string;

/**
 * The parameters after the shard. Everything but claims and counters is written as array literals by hand: the driver escapes
 * element by element, which was a quarter of the time. JSON travels as one text, its parts divided by the control character
 * U+001E, which JSON never holds unescaped.
 */
const columnsOf = (commands: readonly AppendCommand[]): unknown[] => {
  const events = commands.flatMap((command, at) =>
    command.events.map((event, index) => ({ command, at, event, index })),
  );
  const claims = commands.flatMap((command, at) => (command.claims ?? []).map((claim) => ({ at, ...claim })));
  const counters = commands.flatMap((command, at) => (command.counters ?? []).map((counter) => ({ at, ...counter })));
  return [
    literal(commands.map(({ tenantId }) => tenantId)),
    literal(commands.map(({ commandId }) => commandId)),
    `{${commands.map(({ fingerprint }) => `"\\\\x${fingerprint.toString('hex')}"`).join(',')}}`,
    literal(commands.map(({ streamId }) => streamId)),
    literal(commands.map(({ expectedVersion }) => expectedVersion)),
    literal(commands.map((command) => command.events.length)),
    literal(commands.map(({ correlationId }) => correlationId)),
    commands.map(({ actor, traceparent }) => JSON.stringify({ actor, traceparent })).join(separator),
    literal(events.map(({ at }) => at + 1)),
    literal(events.map(({ index }) => index + 1)),
    literal(events.map(({ command, index }) => eventIdOf(command.commandId, index))),
    literal(events.map(({ event }) => event.type)),
    literal(events.map(({ event }) => schemaVersionOf(event.type))),
    events.map(({ event }) => encodeData(event)).join(separator),
    claims.map(({ at }) => at + 1),
    claims.map(({ kind }) => kind),
    claims.map(({ value }) => value),
    counters.map(({ at }) => at + 1),
    counters.map(({ kind }) => kind),
    counters.map(({ key }) => key),
    counters.map(({ amount }) => amount),
    counters.map(({ max }) => max),
  ];
};

const separator = '\u001e';

/** An array literal of Postgres for ids, words and numbers, which need no quotes. */
const literal = (values: readonly (string | number)[]): string => {
  const text = values.join(',');
  if (!/^[\w,-]*$/.test(text)) throw new Error('an id may hold letters, digits, underscores and dashes only');
  return `{${text}}`;
};

const schemaVersionOf = (type: string): number => {
  if (!isEventType(type)) throw new Error(`${type} is not in the registry of event types`);
  return eventTypes[type].version;
};

const resultOf = (row: AppendRow): AppendResult | undefined => {
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
    case 'busy':
      return undefined;
  }
};
