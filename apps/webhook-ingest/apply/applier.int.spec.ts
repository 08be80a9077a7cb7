import { randomUUID } from 'node:crypto';

import type { Step } from './index.js';
import { waitMs } from './index.js';
import { Bench, until } from './testing/bench.js';
import { authorized, canceled, eventOf, intent, stripeId, succeeded } from './testing/stripe-events.js';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.begin());
afterAll(() => bench.close());

const at = '2026-11-01T10:00:00.000Z';

/** Lets a process die at a step: from then on it does nothing more. */
const dyingAt = (step: Step) => {
  let dead = (): void => undefined;
  const died = new Promise<void>((resolve) => (dead = resolve));
  const onStep = (reached: Step): Promise<void> | undefined => {
    if (reached !== step) return undefined;
    dead();
    return new Promise(() => undefined);
  };
  return { died, onStep };
};

const capturesIn = async (asked: Parameters<Bench['history']>[0]): Promise<number> =>
  (await bench.history(asked)).filter((type) => type === 'PaymentCaptured').length;

describe('an event that is faster than the answer to our own call', () => {
  it('waits, and is applied once the answer is there', async () => {
    bench.apply();
    const asked = await bench.asked();
    const eventId = await bench.deliver(succeeded(bench.fieldsOf(asked)));
    const waiting = await bench.lookedAt(eventId);
    expect(waiting).toMatchObject({ state: 'waiting', reason: 'object_unknown', outcome: null });
    await bench.actionRequired(asked);
    expect(await bench.lookedAt(eventId, ['applied', 'quarantined'])).toMatchObject({
      state: 'applied',
      outcome: 'recorded',
      tenantId: asked.tenantId,
    });
    expect(await capturesIn(asked)).toBe(1);
  });

  it('waits for the registration of its customer, too', async () => {
    bench.apply();
    const customerId = randomUUID();
    const created = { type: 'CustomerCreated', customerId, personal: 'sealed', at } as const;
    await bench.append('api', bench.tenantId, 'customer', customerId, [created]);
    const processorCustomerId = stripeId('cus');
    const payer = { tenantId: bench.tenantId, customerId, processorCustomerId };
    const asked = await bench.asked('automatic', payer);
    await bench.actionRequired(asked);
    const eventId = await bench.deliver(succeeded(bench.fieldsOf(asked)));
    expect(await bench.lookedAt(eventId)).toMatchObject({ state: 'waiting', reason: 'object_unknown' });
    const registered = { type: 'CustomerRegistered', processorCustomerId, at } as const;
    await bench.append('gateway', bench.tenantId, 'customer', customerId, [registered]);
    expect(await bench.lookedAt(eventId, ['applied', 'quarantined'])).toMatchObject({ state: 'applied' });
  });

  it('is waited for with growing delays, fifteen minutes and no longer', async () => {
    bench.apply();
    const asked = await bench.asked();
    const eventId = await bench.deliver(succeeded(bench.fieldsOf(asked)));
    const tries = async (): Promise<number> => (await bench.row(eventId)).tries;
    await until(async () => (await tries()) >= 4);
    const { rows } = await bench.database.admin.query<{ delay: number }>(
      `select extract(epoch from not_before - now())::float8 as delay from billing.webhook_events where event_id = $1`,
      [eventId],
    );
    expect(rows[0]?.delay).toBeGreaterThan(0.2);
    bench.aheadMs += waitMs - 60_000;
    const before = await tries();
    await until(async () => (await tries()) > before);
    expect(await bench.row(eventId)).toMatchObject({ state: 'waiting' });
    bench.aheadMs += 61_000;
    expect(await bench.lookedAt(eventId, ['quarantined', 'applied'])).toMatchObject({
      state: 'quarantined',
      reason: 'object_unknown',
    });
  });

  it('has its fifteen minutes again once a person has it tried again', async () => {
    const asked = await bench.asked();
    const eventId = await bench.deliver(succeeded(bench.fieldsOf(asked)), {
      receivedAt: new Date(Date.now() - 16 * 60_000),
    });
    bench.apply();
    await bench.lookedAt(eventId, ['quarantined']);
    const { tries } = await bench.row(eventId);
    await bench.replay(eventId);
    await until(async () => {
      bench.aheadMs += 100; // some seconds in all
      return (await bench.row(eventId)).tries >= tries + 6;
    });
    expect(await bench.row(eventId)).toMatchObject({ state: 'waiting', reason: 'object_unknown' });
    await bench.actionRequired(asked);
    expect(await bench.lookedAt(eventId, ['quarantined', 'applied'])).toMatchObject({ state: 'applied' });
  });

  it('is waited for although its fifteen minutes passed while nobody looked', async () => {
    const asked = await bench.asked();
    const eventId = await bench.deliver(succeeded(bench.fieldsOf(asked)), {
      receivedAt: new Date(Date.now() - 16 * 60_000),
    });
    bench.apply();
    const first = await until(async () => {
      const row = await bench.row(eventId);
      return row.state !== 'received' && row;
    });
    expect(first).toMatchObject({ state: 'waiting', reason: 'object_unknown' });
    await bench.actionRequired(asked);
    expect(await bench.lookedAt(eventId, ['quarantined', 'applied'])).toMatchObject({ state: 'applied' });
  });
});

describe('an event that cannot be read', () => {
  it('is quarantined by name and never half-read', async () => {
    bench.apply();
    const asked = await bench.waiting();
    const unknown = succeeded(bench.fieldsOf(asked), { api_version: '2019-01-01' });
    const versioned = await bench.heard(unknown);
    expect(versioned).toMatchObject({ state: 'quarantined', reason: 'api_version_unknown 2019-01-01' });
    const strange = eventOf('payment_intent.succeeded', intent({ ...bench.fieldsOf(asked), status: 'half_succeeded' }));
    const formed = await bench.heard(strange);
    expect(formed).toMatchObject({ state: 'quarantined', reason: 'body_unreadable payment_intent.status' });
    const event = succeeded(bench.fieldsOf(asked));
    for (const body of ['{}', 'no JSON', JSON.stringify({ ...event, id: stripeId('evt') })]) {
      const id = stripeId('evt');
      await bench.deliver({ ...event, id }, { body: Buffer.from(body) });
      expect(await bench.lookedAt(id)).toMatchObject({ state: 'quarantined', reason: 'body_unreadable' });
    }
    expect(await bench.history(asked)).not.toContain('PaymentCaptured');
    const metrics = await bench.metrics.metrics();
    expect(metrics).toMatch(/billing_webhook_verdicts_total\{state="quarantined",reason="body_unreadable"[^}]*\} 4/);
    expect(metrics).toMatch(
      /billing_webhook_verdicts_total\{state="quarantined",reason="api_version_unknown"[^}]*\} 1/,
    );
  });

  it('is quarantined where its row was moved or changed', async () => {
    const asked = await bench.waiting();
    const moved = await bench.deliver(succeeded(bench.fieldsOf(asked)));
    const into = await bench.deliver(canceled(bench.fieldsOf(asked)));
    await bench.database.admin.query(
      `update billing.webhook_events set sealed = (select sealed from billing.webhook_events where event_id = $1) where event_id = $2`,
      [moved, into],
    );
    const changed = await bench.deliver(authorized(bench.fieldsOf(asked)));
    await bench.database.admin.query(
      `update billing.webhook_events set sealed = substr(sealed, 1, length(sealed) - 4) || 'AAAA' where event_id = $1`,
      [changed],
    );
    bench.apply();
    for (const eventId of [into, changed]) {
      expect(await bench.lookedAt(eventId)).toMatchObject({ state: 'quarantined', reason: 'body_unreadable' });
    }
    expect(await bench.lookedAt(moved)).toMatchObject({ state: 'applied' });
  });
});

describe('one effect', () => {
  it('of a hundred copies that come at once, over several processes', async () => {
    for (let process = 0; process < 3; process += 1) bench.apply();
    const asked = await bench.waiting();
    const event = succeeded(bench.fieldsOf(asked));
    await Promise.all(Array.from({ length: 100 }, () => bench.deliver(event)));
    expect(await bench.lookedAt(event.id)).toMatchObject({ state: 'applied', outcome: 'recorded' });
    expect(await capturesIn(asked)).toBe(1);
    const { rows } = await bench.database.admin.query('select from billing.webhook_events');
    expect(rows).toHaveLength(1);
  });

  it('of a hundred events that say the same, over several processes', async () => {
    for (let process = 0; process < 3; process += 1) bench.apply();
    const asked = await bench.waiting();
    const ids = await Promise.all(Array.from({ length: 100 }, () => bench.deliver(succeeded(bench.fieldsOf(asked)))));
    const rows = await Promise.all(ids.map((id) => bench.lookedAt(id, ['applied', 'quarantined', 'failed'])));
    expect(rows.filter(({ outcome }) => outcome === 'recorded')).toHaveLength(1);
    expect(rows.filter(({ outcome }) => outcome === 'nothing_new')).toHaveLength(99);
    expect(await capturesIn(asked)).toBe(1);
  });

  it('of captures that are told at once in other amounts: every minor unit once', async () => {
    const asked = await bench.asked('manual');
    const { processorPaymentId } = asked;
    const hold = { attempt: 1, processorPaymentId, amount: 5_000, expiresAt: at, multicapture: true, at };
    await bench.record('gateway', asked, [{ type: 'PaymentAuthorized', ...hold }]);
    const totals = [1_000, 2_000, 3_000, 4_000];
    const ids = await Promise.all(
      totals.map((received) =>
        bench.deliver(authorized({ ...bench.fieldsOf(asked), received, capturable: 5_000 - received })),
      ),
    );
    // Each of them takes one.
    for (const _ of totals) bench.apply({ maxInHand: 1 });
    for (const id of ids) expect(await bench.lookedAt(id, ['applied', 'failed'])).toMatchObject({ state: 'applied' });
    const { captures } = await bench.payment(asked);
    expect(Object.values(captures).reduce((sum, { amount }) => sum + amount, 0)).toBe(4_000);
  });

  it.each(['taken', 'recorded', 'finished'] as const)('although the process dies once it has %s', async (step) => {
    const { died, onStep } = dyingAt(step);
    const asked = await bench.waiting();
    bench.apply({ onStep, leaseMs: 300 });
    const eventId = await bench.deliver(succeeded(bench.fieldsOf(asked)));
    await died;
    expect(await capturesIn(asked)).toBe(step === 'taken' ? 0 : 1);
    await bench.stop(0);
    bench.apply();
    expect(await bench.lookedAt(eventId, ['applied', 'failed'])).toMatchObject({ state: 'applied', faults: 0 });
    expect(await capturesIn(asked)).toBe(1);
  });

  it('of an event that is in hand for longer than its lease: the process does not take it a second time', async () => {
    const asked = await bench.waiting();
    let opened = 0;
    bench.apply({
      leaseMs: 100,
      openBody: async (taken) => {
        opened += 1;
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        return (await bench.keys.openInbox(taken, taken.sealed)).body;
      },
    });
    const eventId = await bench.deliver(succeeded(bench.fieldsOf(asked)));
    expect(await bench.lookedAt(eventId)).toMatchObject({ state: 'applied', tries: 1 });
    expect(opened).toBe(1);
  });

  it('and an event that is done with is not taken again', async () => {
    bench.apply();
    const asked = await bench.waiting();
    const event = succeeded(bench.fieldsOf(asked));
    const { tries } = await bench.heard(event);
    await bench.deliver(event);
    await bench.heard(canceled(bench.fieldsOf(asked)));
    expect((await bench.row(event.id)).tries).toBe(tries);
  });
});

describe('a failure', () => {
  it('of our own code is tried again, a few times, and then waits for a person', async () => {
    let faults = 0;
    bench.apply({
      openBody: () => {
        faults += 1;
        throw new TypeError('a mistake of ours');
      },
    });
    const eventId = await bench.deliver(succeeded({ id: stripeId('pi') }));
    await until(async () => {
      bench.aheadMs += 60_000;
      return (await bench.row(eventId)).state === 'failed';
    });
    expect(await bench.row(eventId)).toMatchObject({ state: 'failed', reason: 'TypeError', outcome: null });
    expect(faults).toBe(5);
    expect(await bench.metrics.metrics()).toMatch(/billing_webhook_verdicts_total\{state="failed",reason="TypeError"/);
  });

  it.each([
    ['a restart', '57P01'],
    ['a statement that took too long', '57014'],
    ['a lock that was not to be had', '55P03'],
    ['too many connections', '53300'],
  ])('of the database for a moment never counts: %s', async (_, code) => {
    let refusals = 0;
    const asked = await bench.waiting();
    bench.apply({
      openBody: async (taken) => {
        refusals += 1;
        if (refusals <= 8) throw Object.assign(new Error('not now'), { code });
        return (await bench.keys.openInbox(taken, taken.sealed)).body;
      },
    });
    const eventId = await bench.deliver(succeeded(bench.fieldsOf(asked)));
    const row = await until(async () => {
      bench.aheadMs += 60_000;
      const found = await bench.row(eventId);
      return ['applied', 'failed'].includes(found.state) && found;
    });
    expect(row).toMatchObject({ state: 'applied', faults: 0, tries: 9 });
  });

  it('of the event table to be written leaves the event to whoever takes it next', async () => {
    const asked = await bench.waiting();
    const pool = bench.database.pool('billing_webhook_ingest', { max: 1 });
    bench.apply({
      leaseMs: 200,
      onStep: (step) => (step === 'recorded' ? pool.query('select 1/0').then(() => undefined) : undefined),
    });
    const eventId = await bench.deliver(succeeded(bench.fieldsOf(asked)));
    await until(async () => (await bench.row(eventId)).tries >= 2);
    expect(await bench.row(eventId)).toMatchObject({ state: 'received' });
    await bench.stop();
    bench.apply();
    expect(await bench.lookedAt(eventId)).toMatchObject({ state: 'applied' });
    expect(await capturesIn(asked)).toBe(1);
  });
});
