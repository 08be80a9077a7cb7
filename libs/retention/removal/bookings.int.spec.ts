import { eventTypes } from '#contracts';
import type { BillingEvent } from '#domain';
import { postingsOf } from '#domain/ledger';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const stages: Readonly<Record<string, readonly string[]>> = {
  Refund: ['nothing', 'pending', 'succeeded'],
  Dispute: ['nothing', 'open', 'won', 'lost'],
  Payout: ['nothing', 'in_transit', 'paid'],
};
const stagesOf = (type: string): readonly string[] =>
  Object.entries(stages).find(([kind]) => type.startsWith(kind))?.[1] ?? ['nothing'];

/** Amounts as captures, refunds and settlements have them: of a settlement with and without a conversion, of nothing, and of what is given back. */
const amounts: readonly object[] = [
  { amount: 700, gross: 700, net: 650, currency: 'usd' },
  { amount: 1, gross: -5, net: -5, currency: 'jpy', sourceCurrency: 'jpy', sourceAmount: -5 },
  { amount: 9_007_199_254_740_991, gross: 700, net: 0, currency: 'eur', sourceCurrency: 'usd', sourceAmount: 810 },
  { amount: 3, gross: 0, net: 0, currency: 'eur', sourceCurrency: 'usd', sourceAmount: 0 },
];

/** Every event that could be in the log, so far as the books tell them apart. */
const everyEvent = (): BillingEvent[] =>
  Object.keys(eventTypes).flatMap((type) =>
    stagesOf(type).flatMap((before) =>
      [undefined, ...stagesOf(type)].flatMap((becomes) =>
        ['won', 'lost'].flatMap((outcome) =>
          amounts
            .filter(() => becomes !== undefined || type === 'DisputeClosed')
            .map((sums) => {
              const had = type.endsWith('Failed') ? { reverses: before } : { booked: before };
              return { type, ...had, becomes, outcome, reason: 'a\u0000b', ...sums } as unknown as BillingEvent;
            }),
        ),
      ),
    ),
  );

const inOrder = (postings: readonly { account: string; currency: string; amount: number }[]): string[] =>
  postings.map(({ account, currency, amount }) => `${account} ${currency} ${amount}`).sort();

describe('what the database says a removed event had in the books', () => {
  it('is what the ledger says, for every type of event at every stage', async () => {
    const events = everyEvent();
    const { rows } = await database.admin.query<{ at: string; account: string; currency: string; amount: string }>(
      `select e.at, b.account, b.currency, b.amount
      from unnest($1::text[], $2::text[]) with ordinality as e (type, data, at) cross join lateral billing.bookings_of(e.type, 1, e.data) b`,
      [events.map(({ type }) => type), events.map(({ type: _, ...data }) => JSON.stringify(data))],
    );
    const found = events.map((): { account: string; currency: string; amount: number }[] => []);
    for (const { at, amount, ...posting } of rows) found[Number(at) - 1]?.push({ ...posting, amount: Number(amount) });
    const wrong = events.flatMap((event, at) => {
      const [ledger, removed] = [inOrder(postingsOf(event)), inOrder(found[at] ?? [])];
      return ledger.join() === removed.join() ? [] : [{ event, ledger, removed }];
    });
    expect(wrong).toEqual([]);
    expect(found.filter((postings) => postings.length > 0).length).toBeGreaterThan(100);
  });

  it('is refused of an event that is stored as this release does not know it', async () => {
    await expect(
      database.admin.query(`select billing.bookings_of('PaymentCaptured', 2, '{"amount":1,"currency":"usd"}')`),
    ).rejects.toThrow('PaymentCaptured v2');
  });
});
