import fc from 'fast-check';
import type { BillingEvent } from '../index.js';
import { balancesOf, postingsOf } from '../ledger/index.js';
import { aCharge, ask, at } from '../testing/payments.js';
import { decide, evolve, foldPayment, type PaymentEvent, type PaymentFact } from './index.js';

/** What the processor did about one dispute, told from its side: its bank statement is the oracle for our books. */
interface Life {
  outcome: 'open' | 'won' | 'lost';
  /** In turn: taken, given back, taken again, ... */
  movements: number;
}

const amount = 3_000;
const captured = 5_000;

/** Lives that have come to rest: an open dispute holds the money, a lost one keeps it, a won one gives it back; each can turn again. */
const lives: fc.Arbitrary<Life> = fc.constantFrom<Life>(
  { outcome: 'open', movements: 0 },
  { outcome: 'open', movements: 1 },
  { outcome: 'lost', movements: 1 },
  { outcome: 'lost', movements: 2 },
  { outcome: 'lost', movements: 3 },
  { outcome: 'won', movements: 2 },
  { outcome: 'won', movements: 3 },
  { outcome: 'won', movements: 4 },
);

const settlement = (settlementId: string, source: 'capture' | 'dispute', gross: number): PaymentFact =>
  ask('RecordSettlement', {
    ...{ settlementId, source, sourceId: source === 'capture' ? 'k1' : 'd1', currency: 'usd', availableOn: at },
    ...{ gross, fee: 0, net: gross },
  });

const taken = (turn: number): boolean => turn % 2 === 0;

const factsOf = ({ outcome, movements }: Life): PaymentFact[] => [
  settlement('txn_capture', 'capture', captured),
  ask('RecordDisputeReported', {
    ...{ disputeId: 'd1', processorDisputeId: 'du_1', reason: 'fraudulent', amount },
    ...{ status: outcome === 'open' ? 'needs_response' : outcome, submissions: 0 },
  }),
  ask('RecordDisputeOpened', { disputeId: 'd1', amount }),
  ...Array.from({ length: movements }, (_, turn): PaymentFact[] => [
    ask('RecordDisputeFunds', {
      ...{ disputeId: 'd1', movementId: `txn_${turn}`, direction: taken(turn) ? 'withdrawn' : 'reinstated', amount },
    }),
    settlement(`txn_${turn}`, 'dispute', taken(turn) ? -amount : amount),
  ]).flat(),
  ...(outcome === 'open' ? [] : [ask('RecordDisputeClosed', { disputeId: 'd1', outcome, amount })]),
];

const told = lives.chain((life) => {
  const facts = factsOf(life);
  const order = fc.shuffledSubarray([...facts, ...facts], { minLength: 2 * facts.length });
  return order.map((shuffledTwice) => ({ life, facts, shuffledTwice }));
});

const play = (facts: readonly PaymentFact[]): PaymentEvent[] => {
  const stream: PaymentEvent[] = aCharge();
  let payment = foldPayment(stream);
  for (const fact of facts) {
    const events = decide(fact, payment);
    stream.push(...events);
    payment = events.reduce(evolve, payment);
  }
  return stream;
};

/** What the books have to say, from the bank statement alone. */
const expectedBooks = ({ outcome, movements }: Life): Record<string, number> => {
  const withheld = movements % 2 === 1 ? amount : 0;
  const open = outcome === 'open';
  const books = {
    'processor_balance usd': captured - withheld,
    'disputes_held usd': open ? amount : 0,
    // Disputed, and the processor has not taken it yet: less is still to come from it.
    'processor_receivable usd': open ? withheld - amount : 0,
    'tenant_payable usd': -(open ? captured : captured - withheld),
  };
  return Object.fromEntries(Object.entries(books).filter(([, balance]) => balance !== 0));
};

describe('the life of a dispute, told in any order and twice', () => {
  it('leaves the books that the bank statement of the processor asks for', () => {
    fc.assert(
      fc.property(told, ({ life, shuffledTwice }) => {
        expect(Object.fromEntries(balancesOf(play(shuffledTwice)))).toEqual(expectedBooks(life));
      }),
      { numRuns: 1_000 },
    );
  });

  it('ends in the state of the order that it happened in', () => {
    fc.assert(
      fc.property(told, ({ facts, shuffledTwice }) => {
        expect(foldPayment(play(shuffledTwice))).toEqual(foldPayment(play(facts)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('books each event alone, to a sum of zero', () => {
    fc.assert(
      fc.property(told, ({ shuffledTwice }) => {
        for (const event of play(shuffledTwice) as BillingEvent[]) {
          expect(postingsOf(event).reduce((sum, posting) => sum + posting.amount, 0)).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
  });
});
