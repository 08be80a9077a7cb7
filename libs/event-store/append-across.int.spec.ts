import { randomUUID } from 'node:crypto';

import type { Pool } from 'pg';

import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import type { AppendCommand, AppendResult } from './append.js';
import { SuspendedTenant, appendOver } from './append.js';
import { Batcher } from './batcher.js';

const shards = [2, 7, 11];
let database: TestDatabase;
let api: Pool;
let tenants: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  api = database.pool('billing_api', { max: 4 });
  tenants = await Promise.all(shards.map((shard) => database.addTenant({ shard })));
});
afterAll(() => database.drop());

const command = (tenantId: string, type = 'PaymentCreated'): AppendCommand => {
  const commandId = randomUUID();
  const paymentId = randomUUID();
  return {
    tenantId,
    commandId,
    fingerprint: Buffer.from('same'),
    streamId: `payment-${paymentId}`,
    expectedVersion: 0,
    events: [{ type, paymentId } as AppendCommand['events'][number]],
    correlationId: commandId,
    actor: { type: 'person', subject: 'tester' },
  };
};
/** Of the aggregate that may bring claims and sums. */
const customerOf = (tenantId: string): AppendCommand => {
  const customerId = randomUUID();
  const event = { type: 'CustomerCreated', customerId } as AppendCommand['events'][number];
  return { ...command(tenantId), streamId: `customer-${customerId}`, events: [event] };
};
const oneEach = (): AppendCommand[] => tenants.map((tenantId) => command(tenantId));
const across = async (commands: AppendCommand[]): Promise<(AppendResult | undefined)[]> =>
  (await appendOver(api).across?.(commands)) ?? [];

const heads = async (): Promise<number[]> => {
  const { rows } = await database.admin.query<{ position: string }>(
    'select position from billing.log_head where shard = any($1) order by shard',
    [shards],
  );
  return rows.map(({ position }) => Number(position));
};

/** Does `work` while another writer holds the shard of the second tenant. */
const whileHeld = async (work: (release: () => Promise<unknown>) => Promise<void>): Promise<void> => {
  const writer = await database.admin.connect();
  try {
    await writer.query('begin');
    await writer.query('select from billing.log_head where shard = $1 for no key update', [shards[1]]);
    await work(() => writer.query('commit'));
  } finally {
    writer.release(true);
  }
};

describe('an append across shards', () => {
  it('gives each shard positions of its own, without a gap, in the order of the commands', async () => {
    const before = await heads();
    const results = await across([...oneEach(), ...oneEach()]);
    const expected = [1, 2].flatMap((place) =>
      before.map((position) => ({ status: 'ok', version: 1, position: position + place })),
    );
    expect(results).toEqual(expected);
    expect(await heads()).toEqual(before.map((position) => position + 2));
    const { rows } = await database.admin.query<{ gaps: string }>(
      'select sum(gaps) as gaps from (select max(position) - count(*) as gaps from billing.event group by shard) g',
    );
    expect(Number(rows[0]?.gaps)).toBe(0);
  });

  it('tells duplicates and conflicts from the rest', async () => {
    const [first, second, third] = oneEach() as [AppendCommand, AppendCommand, AppendCommand];
    await across([first, second]);
    const stale = { ...command(second.tenantId), streamId: second.streamId };
    expect(await across([first, stale, third])).toMatchObject([
      { status: 'duplicate', version: 1, streamId: first.streamId },
      { status: 'conflict', version: 1 },
      { status: 'ok' },
    ]);
  });

  it('writes nothing anywhere where one of its events may not be appended or one of its tenants does not exist', async () => {
    const before = await heads();
    await expect(across([...oneEach(), command(tenants[0] ?? '', 'PaymentCaptured')])).rejects.toThrow(
      'billing_api may not append PaymentCaptured',
    );
    await expect(across([...oneEach(), command(randomUUID())])).rejects.toThrow('does not exist in any shard');
    expect(await heads()).toEqual(before);
  });

  it('holds each tenant to its own claims and sums', async () => {
    const claims = [{ kind: 'email', value: randomUUID() }];
    const counters = [{ kind: 'velocity', key: 'day', amount: 6, max: 10 }];
    const statuses = async (more: Partial<AppendCommand>, times = 1) => {
      const wanted = Array.from({ length: times }, () => tenants.map(customerOf)).flat();
      return (await across(wanted.map((each) => ({ ...each, ...more })))).map((result) => result?.status);
    };
    const each = (status: string) => tenants.map(() => status);
    expect(await statuses({ claims }, 2)).toEqual([...each('ok'), ...each('conflict')]);
    expect(await statuses({ claims })).toEqual(each('refused'));
    expect(await statuses({ counters })).toEqual(each('ok'));
    expect(await statuses({ counters })).toEqual(each('refused'));
  });

  it('writes nothing anywhere where one of its tenants is suspended', async () => {
    const before = await heads();
    const suspend = (at: Date | null) =>
      database.admin.query('update billing.tenant set suspended_at = $2 where id = $1', [tenants[2], at]);
    await suspend(new Date());
    await expect(across(oneEach())).rejects.toThrow(SuspendedTenant);
    await suspend(null);
    expect(await heads()).toEqual(before);
  });

  it('waits for no shard that another writer holds, and decides nothing there', async () => {
    const before = await heads();
    await whileHeld(async () => {
      expect(await across(oneEach())).toMatchObject([{ status: 'ok' }, undefined, { status: 'ok' }]);
    });
    expect(await heads()).toEqual(before.map((position, at) => position + (at === 1 ? 0 : 1)));
  });
});

describe('the batcher over several shards', () => {
  it('answers the others at once where one shard is held, and that one when it is free', async () => {
    const batcher = new Batcher(appendOver(api));
    await whileHeld(async (release) => {
      const [first, held, third] = oneEach().map((wanted, at) => batcher.append(shards[at] as number, wanted));
      expect(await Promise.all([first, third])).toMatchObject([{ status: 'ok' }, { status: 'ok' }]);
      await release();
      expect(await held).toMatchObject({ status: 'ok' });
    });
  });

  it('lets one poison command hurt nobody in another shard or in its own', async () => {
    const batcher = new Batcher(appendOver(api));
    const commands = [...oneEach(), command(tenants[1] ?? '', 'PaymentCaptured'), ...oneEach()];
    const results = await Promise.allSettled(
      commands.map((wanted) => batcher.append(shards[tenants.indexOf(wanted.tenantId)] as number, wanted)),
    );
    expect(results.map(({ status }) => status)).toEqual(commands.map((_, at) => (at === 3 ? 'rejected' : 'fulfilled')));
  });

  it('leaves no gap and loses nothing where several processes write to the same shards', async () => {
    const batchers = [0, 1, 2].map(() => new Batcher(appendOver(api)));
    const before = await heads();
    const wanted = Array.from({ length: 300 }, (_, at) => command(tenants[at % 3] as string));
    const results = await Promise.all(
      wanted.map((each, at) => (batchers[(at % 5) % 3] as Batcher).append(shards[at % 3] as number, each)),
    );
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['ok']));
    const after = await heads();
    expect(after).toEqual(before.map((position) => position + 100));
    const { rows } = await database.admin.query<{ events: number; last: number }>(
      `select count(*)::integer as events, max(position)::integer as last
         from billing.event where shard = any ($1) group by shard order by shard`,
      [shards],
    );
    expect(rows.map(({ events, last }) => [events, last])).toEqual(after.map((position) => [position, position]));
    const { rows: once } = await database.admin.query<{ times: number }>(
      'select count(*)::integer as times from billing.event where causation_id = any ($1) group by causation_id',
      [wanted.map(({ commandId }) => commandId)],
    );
    expect(once.map(({ times }) => times)).toEqual(wanted.map(() => 1));
  });
});
