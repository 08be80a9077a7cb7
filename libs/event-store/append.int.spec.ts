import { randomBytes, randomUUID } from 'node:crypto';

import type { DomainEvent } from '#contracts';
import type { Pool, PoolClient } from 'pg';

import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import type { AppendBatch, AppendCommand, AppendResult } from './append.js';
import { appendOver } from './append.js';
import { Batcher } from './batcher.js';
import { TenantShards, UnknownTenant, shardForNewTenant } from './shard.js';
import { StreamReader } from './stream-reader.js';

let database: TestDatabase;
let api: Pool;
let append: AppendBatch;
let tenantId: string;
const shard = 3;

beforeAll(async () => {
  database = await createTestDatabase();
  api = database.pool('billing_api');
  append = appendOver(api);
  tenantId = await database.addTenant({ shard });
});
afterAll(() => database.drop());

const created = (): DomainEvent & Record<string, unknown> => ({
  type: 'PaymentCreated',
  paymentId: randomUUID(),
  amount: 100,
});

const command = (over: Partial<AppendCommand> = {}): AppendCommand => {
  const commandId = over.commandId ?? randomUUID();
  return {
    tenantId,
    commandId,
    fingerprint: Buffer.from('same'),
    streamId: `payment-${randomUUID()}`,
    expectedVersion: 0,
    events: [created()],
    correlationId: commandId,
    actor: { type: 'person', subject: 'tester' },
    ...over,
  };
};

/** The kind of command that may bring claims and counters. */
const customer = (over: Partial<AppendCommand>): AppendCommand =>
  command({ streamId: `customer-${randomUUID()}`, events: [{ type: 'CustomerCreated' }], ...over });

const one = async (wanted: AppendCommand): Promise<AppendResult> => (await append(shard, [wanted]))[0] as AppendResult;

/** The plans of every statement that `work` runs as `role`, nested ones too, by auto_explain. */
const plansOf = async (role: string, work: (client: PoolClient) => Promise<unknown>): Promise<string> => {
  const client = await database.admin.connect();
  const notices: string[] = [];
  client.on('notice', (notice) => notices.push(notice.message ?? ''));
  try {
    await client.query(`load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on;
      set client_min_messages = log; set session authorization ${role}`);
    await work(client);
  } finally {
    client.release(true);
  }
  return notices.filter((notice) => notice.includes('plan:')).join('\n');
};

describe('append', () => {
  it('writes the events of each command at consecutive positions and versions', async () => {
    const before = await headPosition();
    const first = command({ events: [created(), created()] });
    const second = command();
    expect(await append(shard, [first, second])).toEqual([
      { status: 'ok', version: 2, position: before + 2 },
      { status: 'ok', version: 1, position: before + 3 },
    ]);
    expect(await headPosition()).toBe(before + 3);
  });

  it('answers a repeated command with what it did the first time, whatever it carries now', async () => {
    const wanted = command({ fingerprint: Buffer.from('first') });
    await one(wanted);
    const again = await one({
      ...wanted,
      streamId: 'payment-other',
      expectedVersion: 9,
      fingerprint: Buffer.from('second'),
    });
    expect(again).toEqual({
      status: 'duplicate',
      streamId: wanted.streamId,
      version: 1,
      fingerprint: Buffer.from('first'),
    });
  });

  it('takes a command id that is repeated within one batch as a duplicate, not an error', async () => {
    const wanted = command();
    const results = await append(shard, [wanted, { ...wanted }]);
    expect(results.map((result) => result.status)).toEqual(['ok', 'duplicate']);
  });

  it('refuses an expected version that is not the current one (emmett: NO_STREAM on an existing stream)', async () => {
    const wanted = command();
    await one(wanted);
    expect(await one(command({ streamId: wanted.streamId, expectedVersion: 0 }))).toEqual({
      status: 'conflict',
      version: 1,
    });
    expect(await one(command({ streamId: wanted.streamId, expectedVersion: 2 }))).toEqual({
      status: 'conflict',
      version: 1,
    });
    expect(await one(command({ streamId: wanted.streamId, expectedVersion: 1 }))).toMatchObject({
      status: 'ok',
      version: 2,
    });
  });

  it('lets one of two commands on one stream in a batch win and sends the other to decide again', async () => {
    const streamId = `payment-${randomUUID()}`;
    const results = await append(shard, [command({ streamId }), command({ streamId })]);
    expect(results.map((result) => result.status)).toEqual(['ok', 'conflict']);
  });

  it('gives a claim to one stream only and names its holder', async () => {
    const claims = [{ kind: 'customer_email', value: randomUUID() }];
    const claiming = () => customer({ claims });
    const first = claiming();
    expect(await append(shard, [first, claiming()])).toMatchObject([{ status: 'ok' }, { status: 'conflict' }]);
    expect(await one(claiming())).toEqual({
      status: 'refused',
      rule: 'customer_email',
      heldBy: first.streamId,
    });
  });

  it('keeps a counter within its bound, alone and against its neighbours in the batch', async () => {
    const counter = (amount: number) => ({ counters: [{ kind: 'velocity', key: 'card', amount, max: 100 }] });
    expect(await append(shard, [customer(counter(60)), customer(counter(60))])).toMatchObject([
      { status: 'ok' },
      { status: 'conflict' },
    ]);
    expect(await one(customer(counter(41)))).toMatchObject({ status: 'refused', rule: 'velocity' });
    expect(await one(customer(counter(40)))).toMatchObject({ status: 'ok' });
    expect(await one(customer(counter(-100)))).toMatchObject({ status: 'ok' });
    expect(await one(customer(counter(100)))).toMatchObject({ status: 'ok' });
  });

  it('refuses a role an event type that is not its own, and writes nothing of the batch', async () => {
    const before = await headPosition();
    await expect(append(shard, [command(), command({ events: [{ type: 'PaymentCaptured' }] })])).rejects.toThrow(
      'billing_api may not append PaymentCaptured',
    );
    const gateway = appendOver(database.pool('billing_gateway'));
    await expect(gateway(shard, [command({ events: [{ type: 'RefundRequested' }] })])).rejects.toThrow(
      'may not append RefundRequested',
    );
    expect(await headPosition()).toBe(before);
  });

  it('refuses a tenant of another shard and one that does not exist', async () => {
    await expect(append(4, [command()])).rejects.toThrow('does not exist in shard 4');
    await expect(append(shard, [command({ tenantId: randomUUID() })])).rejects.toThrow('does not exist in shard');
  });

  it('is the only write the api role has on these tables', async () => {
    for (const table of ['event', 'stream', 'command', 'claim', 'counter', 'log_head', 'appendable', 'tenant']) {
      await expect(api.query(`delete from billing.${table}`)).rejects.toThrow('permission denied');
      await expect(api.query(`update billing.${table} set tenant_id = null`)).rejects.toThrow();
    }
  });

  it('plans every join of a batch as an index look-up, on tables planned while they were empty', async () => {
    const held = (at: number) => ({
      claims: [{ kind: 'customer_email', value: randomUUID() }],
      counters: [{ kind: 'velocity', key: `plan-${at}`, amount: 1, max: 1 }],
    });
    const batch = () => Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? command() : customer(held(at))));
    const plans = await plansOf('billing_api', async (client) => {
      const appending = appendOver(client as unknown as Pool);
      await appending(shard, batch());
      await appending.across?.(batch());
    });
    expect(plans).toContain('Index');
    expect(plans).not.toMatch(/Seq Scan on (command|stream|event|claim|counter|tenant|appendable)/);
  });

  const headPosition = async (): Promise<number> => {
    const { rows } = await database.admin.query<{ position: string }>(
      'select position from billing.log_head where shard = $1',
      [shard],
    );
    return Number(rows[0]?.position);
  };
});

describe('the batcher', () => {
  it('reports success for no append that is not in the log (eventuous #553)', async () => {
    const batcher = new Batcher(appendOver(database.pool('billing_api', { max: 4 })));
    const commands = Array.from({ length: 500 }, () => command());
    const results = await Promise.all(commands.map((wanted) => batcher.append(shard, wanted)));
    expect(new Set(results.map((result) => result.status))).toEqual(new Set(['ok']));
    const { rows } = await database.admin.query<{ causation_id: string; position: string }>(
      'select causation_id, position from billing.event where causation_id = any($1)',
      [commands.map((wanted) => wanted.commandId)],
    );
    const written = new Map(rows.map((row) => [row.causation_id, Number(row.position)]));
    commands.forEach((wanted, at) => {
      expect(results[at]).toMatchObject({ position: written.get(wanted.commandId) });
    });
  });

  it('lets one poison command hurt nobody else', async () => {
    const batcher = new Batcher(append);
    const good = Array.from({ length: 5 }, () => command());
    const poison = command({ events: [{ type: 'PaymentCaptured' }] });
    const results = await Promise.allSettled(
      [...good.slice(0, 2), poison, ...good.slice(2)].map((wanted) => batcher.append(shard, wanted)),
    );
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
  });

  it('leaves no gap in the positions under several writers, some of them refused', async () => {
    const batchers = [0, 1, 2].map(() => new Batcher(append));
    await Promise.allSettled(
      Array.from({ length: 300 }, (_, at) =>
        (batchers[at % 3] as Batcher).append(
          shard,
          command(at % 7 === 0 ? { events: [{ type: randomBytes(4).toString('hex') }] } : {}),
        ),
      ),
    );
    const { rows } = await database.admin.query<{ gaps: string }>(
      'select max(position) - count(*) as gaps from billing.event where shard = $1',
      [shard],
    );
    expect(Number(rows[0]?.gaps)).toBe(0);
  });
});

describe('reading streams', () => {
  it('gives the events of a stream after a version, and whether a command was appended', async () => {
    const reader = new StreamReader(api);
    const wanted = command({ events: [created(), created(), created()] });
    await one(wanted);
    const [whole, rest, none] = await Promise.all([
      reader.read({ tenantId, shard, streamId: wanted.streamId, commandId: wanted.commandId }),
      reader.read({ tenantId, shard, streamId: wanted.streamId, afterVersion: 2 }),
      reader.read({ tenantId, shard, streamId: 'payment-none', commandId: randomUUID() }),
    ]);
    expect(whole.events.map((event) => event.version)).toEqual([1, 2, 3]);
    expect(whole.events.map((event) => event.event)).toEqual(wanted.events);
    expect(whole.past).toMatchObject({ streamId: wanted.streamId, version: 3 });
    expect(rest.events.map((event) => event.version)).toEqual([3]);
    expect(none).toEqual({ events: [], past: undefined });
  });

  it('looks each stream and command up by index, however much the tenant has', async () => {
    const plans = await plansOf('billing_api', async (client) => {
      const reader = new StreamReader(client as unknown as Pool);
      const read = () => reader.read({ tenantId, shard, streamId: 'payment-none', commandId: randomUUID() });
      // Six executions and more: then Postgres may plan once and for all.
      for (let at = 0; at < 8; at += 1) await Promise.all(Array.from({ length: 20 }, read));
    });
    expect(plans).toContain('Index Scan using command_pkey');
    expect(plans).not.toMatch(/Seq Scan|Materialize|Bitmap/);
  });

  it("shows nothing of another tenant's stream", async () => {
    const other = await database.addTenant({ shard });
    const wanted = command();
    await one(wanted);
    const found = await new StreamReader(api).read({
      tenantId: other,
      shard,
      streamId: wanted.streamId,
      commandId: wanted.commandId,
    });
    expect(found).toEqual({ events: [], past: undefined });
  });

  it('keeps no tenant on the connection', async () => {
    const pool = database.pool('billing_api', { max: 1 });
    const wanted = command();
    await one(wanted);
    await new StreamReader(pool).read({ tenantId, shard, streamId: wanted.streamId });
    const { rows } = await pool.query<{ seen: string }>('select count(*) as seen from billing.event');
    expect(Number(rows[0]?.seen)).toBe(0);
  });
});

describe('shards', () => {
  it('are stored with the tenant, which may have one of its own', async () => {
    expect(await new TenantShards(api).of(tenantId)).toBe(shard);
    await expect(new TenantShards(api).of(randomUUID())).rejects.toThrow(UnknownTenant);
    expect(shardForNewTenant('11111111-1111-4111-8111-111111111111')).toBeLessThan(16);
  });
});
