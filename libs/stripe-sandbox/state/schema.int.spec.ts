import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import Stripe from 'stripe';
import { startSpecSandbox } from '../testing/sandbox.js';

/** The tables of the first release, which had no version. */
const first = `
  create table object (id text primary key, body text not null) without rowid;
  create table link (owner text, id text, primary key (owner, id)) without rowid;
  create table event (
    id text primary key, type text not null, kind text not null, created integer not null, request_id text,
    idempotency_key text, previous_attributes text, record text not null) without rowid;
  create index event_by_type on event (type, id);
  create table answer (
    id integer primary key, key text not null unique, at integer not null, fingerprint text not null,
    request_id text not null, status integer not null, body text not null);
  create table due (at_ms integer, id text, primary key (at_ms, id)) without rowid;
  create table balance (
    currency text, available_on integer, source_type text, amount integer not null,
    primary key (currency, available_on, source_type)) without rowid;
  insert into object values ('cus_3A', '{"id":"cus_3A","created":1760000000,"metadata":{}}');
  insert into event values ('evt_3A', 'customer.created', 'customer', 1760000000, null, null, null,
    '{"id":"cus_3A","created":1760000000,"metadata":{}}');
  insert into balance values ('usd', 1, 'card', 700);
`;

const booksOf = async (sql: string): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'stripe-sandbox-'));
  const db = new DatabaseSync(join(directory, 'sandbox.db'));
  db.exec(sql);
  db.close();
  return directory;
};

describe('the books', () => {
  it('of the first release are brought up to date, once, and all that was in them is there', async () => {
    const directory = await booksOf(first);
    for (let start = 0; start < 2; start++) {
      const sandbox = await startSpecSandbox({ directory });
      const stripe = new Stripe('sk_test_123', sandbox.client);
      expect((await stripe.customers.list()).data.map(({ id }) => id)).toContain('cus_3A');
      expect((await stripe.events.retrieve('evt_3A')).type).toBe('customer.created');
      expect((await stripe.balance.retrieve()).available).toMatchObject([{ amount: 700, currency: 'usd' }]);
      await stripe.customers.create({});
      await sandbox.close();
    }
    await rm(directory, { recursive: true });
  });

  it('of a later release are left alone', async () => {
    const directory = await booksOf('pragma user_version = 99');
    await expect(startSpecSandbox({ directory })).rejects.toMatchObject({
      cause: new Error('The books are those of a later release.'),
    });
    await rm(directory, { recursive: true });
  });
});
