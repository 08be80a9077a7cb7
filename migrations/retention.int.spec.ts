import { randomUUID } from 'node:crypto';

import type pg from 'pg';

import type { TestDatabase } from '../test/database/index.js';
import { createTestDatabase } from '../test/database/index.js';
import { rolesSql } from './index.js';

/** What is removable when nothing stands against it. */
const month = '2018-03';
const shard = 5;
const idle = 'idle_in_transaction_session_timeout';

let database: TestDatabase;
let tenantId: string;
let position = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant({ shard });
  await digested(1_000_000);
});
afterAll(() => database.drop());

interface Written {
  streamId: string;
  positions: number[];
}

/** Puts a stream into the log as it was recorded at those times, sealed. */
const write = async (
  times: readonly string[],
  { kind = 'payment', type = 'PaymentCreated', data = {} }: { kind?: string; type?: string; data?: object } = {},
): Promise<Written> => {
  const streamId = `${kind}-${randomUUID()}`;
  const positions: number[] = [];
  for (const [at, time] of times.entries()) {
    position += 1;
    positions.push(position);
    await database.admin.query(
      `insert into billing.event (shard, position, tenant_id, stream_id, version, event_id, type, schema_version, correlation_id, causation_id,
        data, metadata, recorded_at)
      values ($1, $2, $3, $4, $5, gen_random_uuid(), $6, 1, gen_random_uuid(), gen_random_uuid(), $7, '{}', ${time})`,
      [shard, position, tenantId, streamId, at + 1, type, JSON.stringify(data)],
    );
    await seal(position);
  }
  return { streamId, positions };
};
const seal = (at: number) =>
  database.admin.query('insert into billing.audit_leaf_run values ($1, $2, $3, 1) on conflict do nothing', [
    at - 1,
    shard,
    at,
  ]);
/** Says how far the read models have digested the shard. */
const digested = (upTo: number) =>
  database.admin.query(
    `insert into billing.checkpoint (consumer, shard, position) values ('projector:read-models', $1, $2)
    on conflict (consumer, shard) do update set position = excluded.position`,
    [shard, upTo],
  );
/** Something newer, so that what was written before is not the end of the shard. */
const writeNewer = () => write(['now()']);
const old = `timestamptz '${month}-10 12:00Z'`;

/** Says that a month's positions were archived and verified; of a month that was before, as somebody would who owns the database. */
const archive = async (positions: readonly number[], of = month): Promise<void> => {
  const client = await database.admin.connect();
  try {
    await client.query('begin; alter table billing.retention_archive disable trigger written_once');
    await client.query(
      `insert into billing.retention_archive (shard, month, event_count, positions, store, manifest, manifest_sha256, tree_size)
      values ($1, ($2 || '-01')::date, 1, $3::int8multirange, 'here', 'm', sha256('x'), 1)
      on conflict (shard, month) do update set positions = retention_archive.positions + excluded.positions`,
      [shard, of, `{${positions.map((each) => `[${each},${each}]`).join()}}`],
    );
    await client.query('alter table billing.retention_archive enable always trigger written_once');
  } finally {
    await client.query('commit');
    client.release();
  }
};
/** A stream that may go. */
const removable = async (kind = 'payment'): Promise<Written> => {
  const written = await write([old, old], { kind });
  await archive(written.positions);
  await writeNewer();
  return written;
};
const hold = async (tenant: string, streamId: string | null): Promise<string> => {
  const { rows } = await database.admin.query<{ hold_id: string }>(
    `insert into billing.legal_hold (tenant_id, stream_id, reason) values ($1, $2, 'CASE-1') returning hold_id`,
    [tenant, streamId],
  );
  return rows[0]?.hold_id ?? '';
};
const release = (holdId: string) =>
  database.admin.query(
    `update billing.legal_hold set released_at = now(), release_reason = 'CASE-1' where hold_id = $1`,
    [holdId],
  );

const left = async (streamId: string): Promise<number> => {
  const { rowCount } = await database.admin.query('select from billing.event where stream_id = $1', [streamId]);
  return rowCount ?? 0;
};

/** Runs a statement in a transaction as a role (undefined: as the administrator), kept where it may be, and gives what became of it. */
const tryAs = async (
  role: string | undefined,
  sql: string,
  values: unknown[] = [],
  { keep = false, before = '' } = {},
): Promise<string> => {
  const client = await database.admin.connect();
  try {
    await client.query('begin');
    if (before !== '') await client.query(before);
    if (role !== undefined) await client.query(`set local role ${role}`);
    const { rowCount } = await client.query(sql, values);
    await client.query(keep ? 'commit' : 'rollback');
    return `done ${rowCount}`;
  } catch (error) {
    await client.query('rollback');
    return `${(error as pg.DatabaseError).code} ${(error as Error).message}`;
  } finally {
    client.release();
  }
};
const remove = (streamId: string) =>
  tryAs('billing_retention', 'delete from billing.event where stream_id = $1', [streamId], { keep: true });

const rolesOf = async (): Promise<string[]> => {
  const { rows } = await database.admin.query<{ name: string }>(
    `select rolname as name from pg_roles where rolname like 'billing\\_%' order by 1`,
  );
  return rows.map(({ name }) => name);
};

/** Every way in which SQL changes or takes away rows that are there. */
const changes = (table: string, column: string): string[] => [
  `update billing.${table} set ${column} = ${column}`,
  `delete from billing.${table}`,
  `truncate billing.${table}`,
  `truncate billing.${table} cascade`,
  `merge into billing.${table} e using (values (1)) as v on true when matched then update set ${column} = e.${column}`,
  `merge into billing.${table} e using (values (1)) as v on true when matched then delete`,
  `insert into billing.${table} select * from billing.${table} on conflict do update set ${column} = excluded.${column}`.replace(
    'on conflict do',
    table === 'audit_leaf_run' ? 'on conflict (first_index) do' : 'on conflict (shard, position) do',
  ),
  `with gone as (delete from billing.${table} returning *) select count(*) from gone`,
];

describe('events and leaves of the audit log', () => {
  it('are changed, deleted or truncated by no role, the owner and the administrator among them, not even where nothing stands against it', async () => {
    await removable();
    const partitions = [`event_${String(shard).padStart(2, '0')}`, 'event_00'];
    const statements = [
      ...['event', ...partitions].flatMap((table) => changes(table, 'data')),
      ...changes('audit_leaf_run', 'count'),
    ];
    const roles = [...(await rolesOf()), undefined];
    const wrong: string[] = [];
    let tried = 0;
    for (const role of roles)
      for (const sql of statements) {
        tried += 1;
        const outcome = await tryAs(role, sql);
        // Nothing is in that partition: rows are judged one by one, and there are none.
        const isEmpty = sql.includes('event_00') && !sql.startsWith('truncate') && outcome === 'done 0';
        const isCount = sql.includes('event_00') && sql.startsWith('with') && outcome === 'done 1';
        if (!outcome.startsWith('42501') && !isEmpty && !isCount)
          wrong.push(`${role ?? 'administrator'}: ${sql}: ${outcome}`);
      }
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(500);
    process.stdout.write(`retention: ${tried} ways to change the log tried, as ${roles.length} roles\n`);
  });

  it('are deleted by nobody else where billing_retention may', async () => {
    const { streamId, positions } = await removable();
    const one = `event_${String(shard).padStart(2, '0')}`;
    for (const role of [...(await rolesOf()).filter((name) => name !== 'billing_retention'), undefined])
      for (const table of ['event', one]) {
        const sql = `delete from billing.${table} where stream_id = $1`;
        expect([role, await tryAs(role, sql, [streamId])]).toEqual([
          role,
          expect.stringMatching(/^42501 (permission denied|delete on event\S* is refused)/),
        ]);
      }
    expect(positions).toHaveLength(2);
    expect(await remove(streamId)).toBe('done 2');
  });

  it('are kept also from a session that applies changes of elsewhere', async () => {
    const before = 'set local session_replication_role = replica';
    expect(await tryAs(undefined, 'delete from billing.event', [], { before })).toMatch(/^42501/);
    expect(await tryAs(undefined, 'truncate billing.event', [], { before })).toMatch(/^42501/);
    expect(await tryAs(undefined, 'update billing.audit_leaf_run set count = 2', [], { before })).toMatch(/^42501/);
  });

  it('are partitioned by shard, each partition with the same guards', async () => {
    const { rows } = await database.admin.query<{ partition: string; bound: string; guards: string[] }>(
      `select c.relname as partition, pg_get_expr(c.relpartbound, c.oid) as bound,
        (select array_agg(t.tgname || ' ' || t.tgenabled::text order by t.tgname) from pg_trigger t where t.tgrelid = c.oid) as guards
      from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'billing.event'::regclass order by 1`,
    );
    expect(rows).toEqual(
      Array.from({ length: 16 }, (_, at) => ({
        partition: `event_${String(at).padStart(2, '0')}`,
        bound: `FOR VALUES IN ('${at}')`,
        guards: ['append_only A', 'never_truncated A'],
      })),
    );
  });
});

describe('an event that is past its retention', () => {
  it('is removed, with its stream, by billing_retention, and its positions are written down', async () => {
    const { streamId, positions } = await removable();
    expect(await remove(streamId)).toBe('done 2');
    expect(await left(streamId)).toBe(0);
    const { rows } = await database.admin.query(
      `select first_position::integer as first, last_position::integer as last from billing.event_removed where shard = $1`,
      [shard],
    );
    expect(rows).toContainEqual({ first: positions[0], last: positions[1] });
  });

  it.each([
    ['young', 'not seven years old', async () => write([old, `now() - interval '7 years' + interval '1 minute'`])],
    ['open: its stream goes on', 'events that are not seven years old', async () => write([old, 'now()'])],
    ['unarchived', 'no verified copy', async () => write([old, old])],
  ])('stays where it is %s', async (_, why, written) => {
    const { streamId, positions } = await written();
    await writeNewer();
    if (!why.includes('copy')) await archive(positions);
    expect(await remove(streamId)).toMatch(new RegExp(`^42501 .*${why}|^42501 .*events that are not seven`));
    expect(await left(streamId)).toBe(2);
  });

  it('is judged by the clock of the database, to the moment, whatever the time zone of the session', async () => {
    const just = await write([
      `(now() at time zone 'UTC' - interval '7 years') at time zone 'UTC' - interval '1 second'`,
    ]);
    await archive(just.positions, new Date(Date.now() - 7 * 365.25 * 86_400_000).toISOString().slice(0, 7));
    const { rows } = await database.admin.query<{ month: string }>(
      `select to_char(recorded_at at time zone 'UTC', 'YYYY-MM') as month from billing.event where stream_id = $1`,
      [just.streamId],
    );
    await archive(just.positions, rows[0]?.month ?? '');
    await writeNewer();
    const not = await write([
      `(now() at time zone 'UTC' - interval '7 years') at time zone 'UTC' + interval '1 minute'`,
    ]);
    await archive(not.positions, rows[0]?.month ?? '');
    await writeNewer();
    for (const zone of ['Pacific/Kiritimati', 'Etc/GMT+12']) {
      const before = `set local timezone = '${zone}'`;
      const sql = 'delete from billing.event where stream_id = $1';
      expect(await tryAs('billing_retention', sql, [not.streamId], { before })).toMatch(/^42501 .*not seven years old/);
      expect(await tryAs('billing_retention', sql, [just.streamId], { before })).toBe('done 1');
    }
  });

  it('stays under a hold of its tenant or of its stream, and goes once that is released', async () => {
    const { streamId } = await removable();
    const other = await removable();
    for (const covered of [streamId, null]) {
      const id = await hold(tenantId, covered);
      expect(await remove(streamId)).toMatch(/^42501 .*legal hold/);
      if (covered === null) expect(await remove(other.streamId)).toMatch(/^42501 .*legal hold/);
      await release(id);
    }
    await hold(await database.addTenant(), null); // somebody else's
    expect(await remove(streamId)).toBe('done 2');
    expect(await remove(other.streamId)).toBe('done 2');
  });

  it('stays where a copy of its month was made before it was there', async () => {
    await removable();
    const { streamId } = await write([old]);
    await writeNewer();
    expect(await remove(streamId)).toMatch(/^42501 .*no verified copy/);
  });

  it.each(['customer', 'connected_account', 'tenant', 'audit_key'])(
    'stays where it is of a %s: others know that by its id',
    async (kind) => {
      expect(await remove((await removable(kind)).streamId)).toMatch(/^42501 .*still referred to/);
    },
  );

  it('stays where a call to the processor, a dead letter or the token of a payment method refers to it', async () => {
    const { admin } = database;
    const called = await removable();
    await admin.query(
      `insert into billing.processor_call (tenant_id, call_id, shard, stream_id, operation, request, idempotency_key, correlation_id, not_before, created_at)
      values ($1, gen_random_uuid(), $2, $3, 'capture', '{}', 'k', gen_random_uuid(), now(), now())`,
      [tenantId, shard, called.streamId],
    );
    const aside = await removable();
    await admin.query(
      `insert into billing.dead_letter (consumer, shard, position, tenant_id, stream_id, event_id, event_type, reason)
      values ('projector:x', $1, $2, $3, $4, gen_random_uuid(), 'PaymentCreated', 'poison')`,
      [shard, aside.positions[0], tenantId, aside.streamId],
    );
    const method = await removable('payment_method');
    await admin.query(
      `insert into billing.processor_token (tenant_id, payment_method_id, customer_id, sealed, token_digest)
      values ($1, $2, $2, 'sealed', sha256('x'))`,
      [tenantId, method.streamId.slice('payment_method-'.length)],
    );
    for (const { streamId } of [called, aside, method])
      expect(await remove(streamId)).toMatch(/^42501 .*still referred to/);
    expect(await remove((await removable('payment_method')).streamId)).toBe('done 2');
  });

  it('stays while it is the newest of its shard that the audit log has sealed, or is not sealed', async () => {
    const { streamId, positions } = await write([old, old]);
    await archive(positions);
    expect(await remove(streamId)).toMatch(/^42501 .*newest event of its shard/);
    await database.admin.query(
      `insert into billing.event select shard, position + 1, tenant_id, 'payment-later', 1, gen_random_uuid(), type, 1, correlation_id, causation_id, '{}', '{}', now()
      from billing.event where shard = $1 and position = $2`,
      [shard, position],
    );
    expect(await remove(streamId)).toMatch(/^42501 .*newest event of its shard/);
    position += 1;
    await seal(position);
    expect(await remove(streamId)).toBe('done 2');
  });

  it('stays until the read models have digested it, and while nothing says how far they are', async () => {
    const { streamId, positions } = await removable();
    await digested((positions[1] ?? 0) - 1);
    expect(await remove(streamId)).toMatch(/^42501 .*have not digested it/);
    await database.admin.query(`delete from billing.checkpoint where consumer = 'projector:read-models'`);
    expect(await remove(streamId)).toMatch(/^42501 .*have not digested it/);
    await digested(positions[1] ?? 0);
    expect(await remove(streamId)).toBe('done 2');
    await digested(1_000_000);
  });

  it('goes with its whole stream or not at all', async () => {
    const { streamId, positions } = await removable();
    for (const at of positions)
      expect(
        await tryAs('billing_retention', 'delete from billing.event where position = $1 and shard = $2', [at, shard]),
      ).toMatch(/^42501 .*whole or not at all/);
    expect(await left(streamId)).toBe(2);
  });
});

describe('a removal that is under way', () => {
  it('keeps appends to its shard waiting, and lets no hold be placed beside it', async () => {
    const { streamId } = await removable();
    const [remover, placer] = await Promise.all([database.admin.connect(), database.admin.connect()]);
    await remover.query('begin');
    await remover.query('set local role billing_retention');
    await remover.query('delete from billing.event where stream_id = $1', [streamId]);
    const seen: string[] = [];
    const appended = placer
      .query(`set lock_timeout = '100ms'`)
      .then(() => placer.query('select from billing.log_head where shard = $1 for no key update', [shard]))
      .catch((error: unknown) => seen.push(String(error)));
    await appended;
    expect(seen.join()).toContain('lock timeout');
    await placer.query('reset lock_timeout');
    const held = hold(tenantId, streamId).then((id) => {
      seen.push('held');
      return id;
    });
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(seen).not.toContain('held');
    await remover.query('rollback');
    await release(await held);
    remover.release();
    placer.release();
    const id = await hold(tenantId, streamId);
    expect(await remove(streamId)).toMatch(/legal hold/);
    await release(id);
  });
});

describe('a stream of thousands of events', () => {
  const events = 4_000;

  it('goes in less time than a removal has for one statement', async () => {
    const streamId = `access-${randomUUID()}`;
    const before = position;
    await database.admin.query(
      `insert into billing.event (shard, position, tenant_id, stream_id, version, event_id, type, schema_version, correlation_id, causation_id,
        data, metadata, recorded_at)
      select $1, $2 + n, $3, $4, n, gen_random_uuid(), 'ApiKeyUsed', 1, gen_random_uuid(), gen_random_uuid(), '{}', '{}', ${old}
      from generate_series(1, $5::integer) n`,
      [shard, before, tenantId, streamId, events],
    );
    await database.admin.query('insert into billing.audit_leaf_run values ($1, $2, $3, $4)', [
      before,
      shard,
      before + 1,
      events,
    ]);
    position += events;
    await archive(Array.from({ length: events }, (_, n) => before + 1 + n));
    await writeNewer();
    const began = performance.now();
    expect(await remove(streamId)).toBe(`done ${events}`);
    expect(performance.now() - began).toBeLessThan(15_000);
  }, 90_000);
});

describe('whoever closes a shard to appends and stops in the middle', () => {
  const holding: [string, () => string][] = [
    ['by a removal', () => `select billing.hold_shard(${shard}::smallint)`],
    ['by placing a hold', () => `insert into billing.legal_hold (tenant_id, reason) values ('${tenantId}', 'CASE-9')`],
  ];
  it.each(holding)('has it for four seconds more, %s, whatever the session says', async (_, sql) => {
    const bounds: unknown[] = [];
    const client = await database.admin.connect();
    try {
      for (const bound of ['0', '1h', '10s', '3s']) {
        await client.query(`set idle_in_transaction_session_timeout = '${bound}'`);
        await client.query('begin');
        await client.query(sql());
        bounds.push(
          (await client.query<{ bound: string }>(`select current_setting('${idle}') as bound`)).rows[0]?.bound,
        );
        await client.query('rollback');
      }
    } finally {
      client.release(true);
    }
    expect(bounds).toEqual(['4s', '4s', '4s', '3s']);
  });

  it('lets appends of the shard through then, and removes nothing', async () => {
    const { streamId } = await removable();
    const [asleep, appender] = await Promise.all([database.admin.connect(), database.admin.connect()]);
    asleep.on('error', () => undefined); // Postgres ends it
    await asleep.query('begin; set local role billing_retention');
    await asleep.query('delete from billing.event where stream_id = $1', [streamId]);
    await asleep.query(`set local ${idle} = '300ms'`);
    await appender.query(`begin; set local lock_timeout = '5s'`);
    const waited = appender.query('select from billing.log_head where shard = $1 for no key update', [shard]);
    await expect(waited).resolves.toMatchObject({ rowCount: 1 });
    await appender.query('rollback');
    appender.release();
    await expect(asleep.query('commit')).rejects.toThrow();
    asleep.release(true);
    expect(await left(streamId)).toBe(2);
  });

  it('is bounded where a role logs in, before it says anything', async () => {
    const { rows } = await database.admin.query<{ role: string; bound: string }>(
      `select r.rolname as role, substr(setting, length('${idle}=') + 1) as bound from pg_roles r
      left join pg_db_role_setting s on s.setrole = r.oid and s.setdatabase = 0
      left join lateral unnest(s.setconfig) as setting on setting like '${idle}=%'
      where r.rolname like 'billing\\_%' and r.rolcanlogin order by 1`,
    );
    expect(rows.length).toBeGreaterThan(8);
    for (const { role, bound } of rows)
      expect([role, bound]).toEqual([role, role === 'billing_analyst' ? '1min' : '10s']);
    const pool = database.pool('billing_console', { max: 1 });
    expect((await pool.query(`select current_setting('${idle}') as bound`)).rows).toEqual([{ bound: '10s' }]);
  });

  it('keeps the bound that an operator has given a role, also where the migrations run again', async () => {
    const client = await database.admin.connect();
    try {
      // Roles are the cluster's: nobody else sees what is rolled back.
      await client.query('begin');
      await client.query(`alter role billing_relay set ${idle} = '7s'`);
      await client.query(rolesSql());
      const { rows } = await client.query(
        `select setting from pg_db_role_setting s cross join unnest(s.setconfig) as setting
        where s.setdatabase = 0 and s.setrole = 'billing_relay'::regrole and setting like '${idle}=%'`,
      );
      expect(rows).toEqual([{ setting: `${idle}=7s` }]);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});

describe('a removal that began before a hold was placed', () => {
  it.each(['read committed', 'repeatable read', 'serializable'])(
    'removes nothing that it covers, under %s',
    async (level) => {
      const { streamId } = await removable();
      const remover = await database.admin.connect();
      try {
        await remover.query(`begin isolation level ${level}`);
        await remover.query('set local role billing_retention');
        await remover.query('select from billing.legal_hold');
        const id = await hold(tenantId, streamId);
        await expect(remover.query('delete from billing.event where stream_id = $1', [streamId])).rejects.toMatchObject(
          {
            ...{ code: '42501', message: expect.stringMatching(/legal hold|under read committed, not/) as string },
          },
        );
        await remover.query('rollback');
        await release(id);
      } finally {
        remover.release();
      }
      expect(await left(streamId)).toBe(2);
    },
  );

  it('waits for no lock that a login without rights here can hold', async () => {
    const { streamId } = await removable();
    const stranger = await database.admin.connect();
    try {
      await stranger.query('begin');
      await stranger.query('set local role billing_console');
      for (const one of ['pg_advisory_xact_lock', 'pg_advisory_xact_lock_shared'])
        await stranger.query(`select ${one}(hashtext('billing retention'), 0), ${one}(hashtext('billing retention'))`);
      const sql = 'delete from billing.event where stream_id = $1';
      const before = `set local lock_timeout = '200ms'`;
      expect(await tryAs('billing_retention', sql, [streamId], { before })).toBe('done 2');
    } finally {
      await stranger.query('rollback');
      stranger.release();
    }
  });
});

describe('what a removed event had in the books', () => {
  it('is brought forward with its removal, whoever deletes it', async () => {
    const data = { attempt: 1, captureId: 'c', amount: 700, currency: 'usd', final: true };
    const { streamId, positions } = await write([old, old], { type: 'PaymentCaptured', data });
    await archive(positions);
    await writeNewer();
    const brought = async () => {
      const { rows } = await database.admin.query<{ account: string; amount: string }>(
        `select account || ' ' || currency as account, amount from billing.balance_brought_forward where tenant_id = $1`,
        [tenantId],
      );
      return Object.fromEntries(rows.map(({ account, amount }) => [account, Number(amount)]));
    };
    expect(await brought()).toEqual({});
    expect(await remove(streamId)).toBe('done 2');
    expect(await brought()).toEqual({ 'processor_receivable usd': 1_400, 'tenant_payable usd': -1_400 });
  });
});

describe('what is written down of holds, copies and removals', () => {
  it('is changed, deleted or truncated by no role, the owner and the administrator among them', async () => {
    const { streamId } = await removable();
    await remove(streamId);
    const id = await hold(tenantId, null);
    await release(id);
    const statements = [
      ...['legal_hold', 'retention_archive', 'event_removed'].flatMap((table) => [
        `delete from billing.${table}`,
        `truncate billing.${table}`,
      ]),
      `update billing.legal_hold set released_at = null, release_reason = null where hold_id = '${id}'`,
      `update billing.legal_hold set reason = 'another', released_at = now(), release_reason = 'x'`,
      `update billing.retention_archive set positions = '{[1,100000]}'`,
      'update billing.event_removed set last_position = last_position + 1',
    ];
    const done: string[] = [];
    for (const role of [...(await rolesOf()), undefined])
      for (const sql of statements)
        for (const before of role === undefined ? ['', 'set local session_replication_role = replica'] : ['']) {
          const outcome = await tryAs(role, sql, [], { before });
          if (!outcome.startsWith('42501')) done.push(`${role ?? 'administrator'}: ${sql}: ${outcome}`);
        }
    // Its policy gives the operator no hold that was released.
    expect(done).toEqual([
      expect.stringMatching(/^billing_operator: update billing.legal_hold set released_at.* done 0$/),
    ]);
  });
});

describe('whoever removes', () => {
  it('can neither release a hold, nor say that something is archived or removed, nor become an operator', async () => {
    const refused = [
      `update billing.legal_hold set released_at = now(), release_reason = 'x'`,
      'delete from billing.legal_hold',
      `insert into billing.legal_hold (tenant_id, reason) values (gen_random_uuid(), 'x')`,
      `insert into billing.retention_archive (shard, month) values (1, '2018-01-01')`,
      `update billing.retention_archive set positions = '{[1,1000)}'`,
      'delete from billing.retention_archive',
      'insert into billing.event_removed values (1, 1, 1)',
      'delete from billing.event_removed',
      `insert into billing.balance_brought_forward values (gen_random_uuid(), 'usd', 'available', 77777777)`,
      'update billing.balance_brought_forward set amount = 0',
      `select * from billing.bookings_of('PaymentCaptured', 1, '{}')`,
      'insert into billing.audit_leaf_run values (1, 1, 1, 1)',
      `alter table billing.event disable trigger append_only`,
      `create or replace function billing.retention_ends() returns timestamptz language sql as 'select now()'`,
    ];
    for (const sql of refused)
      expect([sql, await tryAs('billing_retention', sql)]).toEqual([sql, expect.stringMatching(/^42501/)]);
  });

  it('is nobody who can log in, and a hold that was released stays so', async () => {
    const { rows } = await database.admin.query(
      `select rolcanlogin, rolinherit, rolbypassrls from pg_roles where rolname = 'billing_retention'`,
    );
    expect(rows).toEqual([{ rolcanlogin: false, rolinherit: false, rolbypassrls: false }]);
    const id = await hold(tenantId, null);
    await release(id);
    for (const sql of [
      'update billing.legal_hold set released_at = null, release_reason = null where hold_id = $1',
      `update billing.legal_hold set release_reason = 'another' where hold_id = $1`,
    ])
      expect(await tryAs('billing_operator', sql, [id])).toBe('done 0');
    expect(await tryAs('billing_operator', 'delete from billing.legal_hold')).toMatch(/^42501/);
  });
});
