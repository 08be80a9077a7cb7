import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ReadModel } from '../index.js';
import { allReadModels, getBalances, listPayments, rebuildReadModels, verifyReadModels } from '../index.js';
import { charge } from '../testing/log-writer.js';
import type { Projected } from '../testing/projected.js';
import { openProjected, someMoney } from '../testing/projected.js';

let projected: Projected;
beforeEach(async () => {
  projected = await openProjected();
});
afterEach(() => projected.close());

const expectEqualToLog = async (): Promise<void> => {
  for (const { model, differences } of await verifyReadModels(projected.pools.projector)) {
    expect([model, differences]).toEqual([model, []]);
  }
};
/** Resolves when `holds` does; rejects after ten seconds. */
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await holds()) return;
    await sleep(25);
  }
  throw new Error('it did not come to that within ten seconds');
};

describe('a rebuild beside a projector and readers at work', () => {
  it('is felt by no reader: no error, no row that vanishes, books that balance, and all of the log at the end', async () => {
    const { writer, tenantId, api, database } = projected;
    await writer.write(someMoney(tenantId, 60));
    const projector = await projected.start();
    await projector.whenCaughtUp();
    let running = true;
    let [pages, sums, slowest_ms] = [0, 0, 0];
    const write = async (): Promise<void> => {
      while (running) {
        await writer.write(someMoney(tenantId, 5));
        await sleep(5);
      }
    };
    const readPayments = async (): Promise<void> => {
      let before = 0;
      while (running) {
        const began = performance.now();
        const { data } = await listPayments(api, tenantId, { limit: 1 });
        slowest_ms = Math.max(slowest_ms, performance.now() - began);
        expect(data).toHaveLength(1);
        const { rows } = await database.admin.query<{ count: number }>(
          'select count(*)::integer as count from billing.rm_payment',
        );
        expect(rows[0]?.count).toBeGreaterThanOrEqual(before);
        before = rows[0]?.count ?? 0;
        pages += 1;
      }
    };
    const readBooks = async (): Promise<void> => {
      while (running) {
        for (const { accounts } of await getBalances(api, tenantId)) {
          expect(Object.values(accounts).reduce((sum, amount) => sum + amount, 0)).toBe(0);
        }
        sums += 1;
      }
    };
    const load = Promise.all([write(), readPayments(), readPayments(), readBooks()]);
    const rebuilds = async (): Promise<void> => {
      try {
        for (let time = 0; time < 3; time += 1) {
          for (const { differences } of await rebuildReadModels(projected.pools)) expect(differences).toEqual([]);
          await expectEqualToLog(); // which is read in one snapshot, so that the load does not matter
        }
      } finally {
        running = false;
      }
    };
    await Promise.all([load, rebuilds()]);
    expect(Math.min(pages, sums)).toBeGreaterThan(10);
    expect(slowest_ms).toBeLessThan(5_000);
    await projector.whenCaughtUp();
    await expectEqualToLog();
    expect((await database.admin.query('select from billing.dead_letter')).rows).toEqual([]);
  }, 60_000);

  it('makes the projector forget the rows that it remembers of the table that was', async () => {
    const { writer, tenantId, database } = projected;
    const paymentId = randomUUID();
    const [created, requested, ...rest] = charge({ paymentId }).map((event) => ({
      tenantId,
      streamId: `payment-${paymentId}`,
      event,
    }));
    // A projector of a release that folds amounts wrongly, and remembers it so.
    const wrong = allReadModels().map((model): ReadModel => ({
      ...model,
      apply: (events, client) =>
        model.apply(
          events.map((one) =>
            one.type === 'PaymentCreated' ? { ...one, event: { ...one.event, amount: 1 } as typeof one.event } : one,
          ),
          client,
        ),
    }));
    const projector = await projected.start(wrong);
    await writer.write([created, requested].flatMap((one) => one ?? []));
    await projector.whenCaughtUp();
    const [payments] = await rebuildReadModels(projected.pools, { names: ['payments'] });
    expect(payments?.differing).toBe(1);
    await writer.write(rest);
    await projector.whenCaughtUp();
    const { rows } = await database.admin.query<{ amount: number }>(
      `select (state::json->>'amount')::integer as amount from billing.rm_payment`,
    );
    expect(rows).toEqual([{ amount: 5_000 }]);
    await expectEqualToLog();
  }, 60_000);

  it('waits for a long reader with its swap, without holding up others', async () => {
    const { writer, tenantId, api, database } = projected;
    await writer.write(someMoney(tenantId, 20));
    await projected.project();
    const reader = await database.admin.connect();
    await reader.query('begin; select from billing.rm_payment limit 1');
    let blocked = 0;
    await rebuildReadModels(projected.pools, {
      names: ['payments'],
      onBlocked: (tries) => {
        blocked = tries;
        void listPayments(api, tenantId, {}).then(() => reader.query('commit'));
      },
    });
    reader.release();
    expect(blocked).toBe(1);
    await expectEqualToLog();
  }, 60_000);

  it('leaves out what the projector has set aside, and folds it late when the projector does', async () => {
    const { writer, tenantId, database } = projected;
    let broken = true;
    const models = allReadModels().map((model): ReadModel => ({
      ...model,
      apply: (events, client) =>
        broken && events.some(({ event }) => 'orderId' in event && event.orderId === 'poison')
          ? Promise.reject(new Error('cannot digest this'))
          : model.apply(events, client),
    }));
    const paymentId = randomUUID();
    const poison = charge({ paymentId, orderId: 'poison' }).map((event) => ({
      tenantId,
      streamId: `payment-${paymentId}`,
      event,
    }));
    await writer.write([...someMoney(tenantId, 5), ...poison.slice(0, 3)]);
    const projector = await projected.start(models);
    await projector.whenCaughtUp();
    const letters = async (): Promise<number> =>
      (await database.admin.query('select from billing.dead_letter')).rowCount ?? 0;
    expect(await letters()).toBe(3);

    await rebuildReadModels(projected.pools, { swap: false });
    broken = false;
    await database.admin.query('update billing.dead_letter set retry_requested_at = now()');
    await until(async () => (await letters()) === 0);
    await writer.write(poison.slice(3));
    await projector.whenCaughtUp();
    for (const { differences } of await rebuildReadModels(projected.pools)) expect(differences).toEqual([]);
    expect((await database.admin.query('select from billing.rm_payment')).rowCount).toBe(6);
    await expectEqualToLog();
  }, 60_000);
});
