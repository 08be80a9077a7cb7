import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Stripe from 'stripe';
import { startStripeSandbox } from './index.js';
import { startSpecSandbox } from './testing/sandbox.js';

const form = 'amount=500&currency=usd&payment_method=pm_card_visa&confirm=true';
const keyed = { 'idempotency-key': 'before-the-restart' };

describe('the books of a sandbox', () => {
  it('survive a restart, keys and what is due included', async () => {
    const first = await startSpecSandbox();
    const made = await first.request('POST', '/v1/payment_intents', form, keyed);
    const client = new Stripe('sk_test_123', first.client);
    const debit = await client.paymentIntents.create({
      amount: 500,
      currency: 'usd',
      payment_method: 'pm_usBankAccount',
      confirm: true,
    });
    await first.close();

    const second = await startSpecSandbox({ directory: first.directory });
    const again = await second.request('POST', '/v1/payment_intents', form, keyed);
    expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([made.text, 'true']);
    const restarted = new Stripe('sk_test_123', second.client);
    expect((await restarted.paymentIntents.list()).data.map(({ id }) => id)).toEqual([debit.id, made.json.id]);
    expect((await restarted.paymentIntents.retrieve(debit.id)).status).toBe('processing');
    await second.tell('settle', {});
    expect((await restarted.paymentIntents.retrieve(debit.id)).status).toBe('succeeded');
    await second.discard();
  });

  it('hold everything that was answered, at any moment at which the process may die', async () => {
    const living = await startSpecSandbox();
    const client = new Stripe('sk_test_123', living.client);
    const answered = new Set<string>();
    let isOver = false;
    const load = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const { id } = await client.paymentIntents.create({
          amount: 500,
          currency: 'usd',
          payment_method: 'pm_card_visa',
          confirm: true,
        });
        answered.add(id);
      }
    });
    for (let tries = 0; tries < 1_000 && answered.size <= 20; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 20));
    // What a kill -9 would leave behind: the files as they are, with nothing closed.
    const known = [...answered];
    const remains = await mkdtemp(join(tmpdir(), 'stripe-sandbox-remains-'));
    await cp(living.directory, remains, { recursive: true, filter: (source) => !source.endsWith('-shm') });
    isOver = true;
    await Promise.all(load);

    const heir = await startSpecSandbox({ directory: remains });
    const kept = new Map<string, Record<string, unknown>>();
    let after = '';
    for (let page = 0; page < 100; page++) {
      const { json } = await heir.request('GET', `/sandbox/summary?limit=500${after}`);
      const lines = json.data as { id: string }[];
      for (const line of lines) kept.set(line.id, line);
      if (json.has_more !== true) break;
      after = `&starting_after=${lines.at(-1)?.id ?? ''}`;
    }
    expect(known.length).toBeGreaterThan(20);
    expect(known.filter((id) => !kept.has(id))).toEqual([]);
    for (const line of kept.values()) expect(line).toMatchObject({ amount_received: 500, successful_charges: 1 });
    await heir.discard();
    await living.discard();
  });

  it('are open in one sandbox at a time', async () => {
    const one = await startSpecSandbox();
    await expect(startStripeSandbox({ directory: one.directory, port: 0 })).rejects.toThrow(
      'is another sandbox using them',
    );
    await one.discard();
  });

  it('are not started on a port that is taken', async () => {
    const one = await startSpecSandbox();
    const directory = await mkdtemp(join(tmpdir(), 'stripe-sandbox-'));
    await expect(startStripeSandbox({ directory, port: one.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await one.discard();
    await rm(directory, { recursive: true });
  });
});

describe('closing', () => {
  it('answers what has been asked', async () => {
    const sandbox = await startSpecSandbox();
    await sandbox.tell('faults', { fault: 'delay', delayMs: 200 });
    const asked = sandbox.request('POST', '/v1/customers', 'name=A');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await sandbox.close();
    expect((await asked).status).toBe(200);
    await rm(sandbox.directory, { recursive: true });
  });
});
