import fc from 'fast-check';
import { balancesOf, postingsOf } from '../ledger/index.js';
import { specificationOf } from '../testing/given-when-then.js';
import {
  decidePayout,
  evolvePayout,
  foldPayout,
  initialPayout,
  payoutBooked,
  type PayoutEvent,
  type RecordPayout,
} from './index.js';

const { given } = specificationOf({ initial: initialPayout, evolve: evolvePayout, decide: decidePayout });

const at = '2026-11-01T10:00:00Z';
const terms = {
  ...{ payoutId: 'o1', processorPayoutId: 'po_1', processorAccountId: 'acct_1' },
  ...{ amount: 7_000, currency: 'usd', arrivesOn: '2026-11-03T00:00:00Z', at },
};
const report = (outcome: RecordPayout['outcome']): RecordPayout => ({ type: 'RecordPayout', ...terms, outcome });
const inTransit = report({ phase: 'in_transit' });
const isPaid = report({ phase: 'paid' });
const hasFailed = report({ phase: 'failed', code: 'account_closed' });

const reported: PayoutEvent = { type: 'PayoutReported', ...terms, booked: 'nothing' };
const paid: PayoutEvent = { type: 'PayoutPaid', ...terms, booked: 'in_transit' };
const failed: PayoutEvent = { type: 'PayoutFailed', ...terms, code: 'account_closed', reverses: 'paid' };
const drift = (rule: string, details: Record<string, string | number>): PayoutEvent => ({
  ...{ type: 'DriftDetected', fact: 'PayoutReported', rule, details: { id: 'o1', ...details }, at },
});

describe('a payout', () => {
  it('is recorded as it is reported, each stage once', () => {
    given([]).when(inTransit).then([reported]);
    given([reported]).when(inTransit).thenNothing();
    given([reported]).when(isPaid).then([paid]);
    given([reported, paid]).when(isPaid).thenNothing();
  });
  it('that was paid can fail, and says what that takes back', () => {
    given([reported, paid]).when(hasFailed).then([failed]);
    given([reported])
      .when(hasFailed)
      .then([{ ...failed, reverses: 'in_transit' }]);
    given([])
      .when(hasFailed)
      .then([{ ...failed, reverses: 'nothing' }]);
  });
  it('is not moved back by a stale report (hyperswitch #10340)', () => {
    given([{ ...paid, booked: 'nothing' }])
      .when(inTransit)
      .thenNothing();
    given([reported, paid, failed]).when(isPaid).thenNothing();
    given([reported, paid, failed]).when(inTransit).thenNothing();
  });
  it('takes a later day of arrival from whichever report tells it, without booking anything again', () => {
    const later = { arrivesOn: '2026-11-05T00:00:00Z' };
    given([reported])
      .when({ ...inTransit, ...later })
      .then([{ ...reported, ...later, booked: 'in_transit' }]);
    given([reported, paid])
      .when({ ...inTransit, ...later })
      .then([{ ...paid, ...later, booked: 'paid' }]);
    given([reported, paid, failed])
      .when({ ...isPaid, ...later })
      .then([{ ...failed, ...later, reverses: 'nothing' }]);
  });
  it('that bears our id a second time at the processor is flagged, once', () => {
    const second = { ...inTransit, processorPayoutId: 'po_2' };
    const twice = drift('paid_out_twice', { recorded: 'po_1', reported: 'po_2' });
    given([reported]).when(second).then([twice]);
    given([reported, twice]).when(second).thenNothing();
  });
  it('of another amount, currency or account is flagged, and the first report stands', () => {
    given([reported])
      .when({ ...inTransit, amount: 6_000, currency: 'eur', processorAccountId: 'acct_2' })
      .then([
        drift('amount_differs', { recorded: 7_000, reported: 6_000 }),
        drift('currency_differs', { recorded: 'usd', reported: 'eur' }),
        drift('account_differs', { recorded: 'acct_1', reported: 'acct_2' }),
      ]);
    given([reported])
      .when({ ...isPaid, amount: 6_000 })
      .then([
        paid,
        { ...drift('amount_differs', { recorded: 7_000, reported: 6_000 }), fact: 'PayoutPaid' } as PayoutEvent,
      ]);
  });
  it('holds nothing else that a caller brings', () => {
    const outcome = { phase: 'failed', code: 'account_closed', secret: 'x' } as const;
    expect(
      JSON.stringify(decidePayout({ ...report(outcome), secret: 'x' } as RecordPayout, initialPayout)),
    ).not.toContain('secret');
  });
});

describe('any reports of a payout, in any order, however often', () => {
  const facts = fc.array(
    fc
      .tuple(
        fc.constantFrom<RecordPayout['outcome']>(
          { phase: 'in_transit' },
          { phase: 'paid' },
          { phase: 'failed', code: 'account_closed' },
          { phase: 'failed', code: 'canceled' },
        ),
        fc.constantFrom('2026-11-03T00:00:00Z', '2026-11-05T00:00:00Z'),
      )
      .map(([outcome, arrivesOn]) => ({ ...report(outcome), arrivesOn })),
    { minLength: 1, maxLength: 8 },
  );
  const play = (some: RecordPayout[]): PayoutEvent[] => {
    const stream: PayoutEvent[] = [];
    for (const fact of some) stream.push(...decidePayout(fact, foldPayout(stream)));
    return stream;
  };
  const orders = facts.chain((some) =>
    fc.tuple(
      fc.constant(some),
      fc.shuffledSubarray([...some, ...some], { minLength: 2 * some.length, maxLength: 2 * some.length }),
    ),
  );

  it('end in one state and one set of books, in which each event sums to zero', () => {
    fc.assert(
      fc.property(orders, ([once, shuffledTwice]) => {
        const [one, other] = [play(once), play(shuffledTwice)];
        expect(foldPayout(other)).toEqual(foldPayout(one));
        expect(balancesOf(other)).toEqual(balancesOf(one));
        for (const event of other) {
          expect(postingsOf(event).reduce((sum, { amount }) => sum + amount, 0)).toBe(0);
        }
        const held = payoutBooked(foldPayout(other)) === 'nothing' ? undefined : -7_000;
        expect(balancesOf(other).get('connected_balance usd')).toBe(held);
      }),
      { numRuns: 500 },
    );
  });
});
