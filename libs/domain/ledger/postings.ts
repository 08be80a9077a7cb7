import type { BillingEvent } from '../index.js';
import type { DisputeBooked, DisputeClosed, RefundBooked, SettlementRecorded } from '../payment/index.js';
import type { PayoutBooked } from '../payout/index.js';

/**
 * The chart of accounts, double entry. A positive amount is a debit, a negative one a credit; the postings of every event sum
 * to zero in each currency, and follow from the event alone.
 *
 * | account              | kind      | a debit balance means / a credit balance means                             |
 * |----------------------|-----------|----------------------------------------------------------------------------|
 * | processor_receivable | asset     | captured (less refunded, less disputed), not settled by the processor yet  |
 * | processor_balance    | asset     | settled at the processor; each posting is available from its `availableOn` |
 * | processing_fees      | expense   | what the processor kept                                                    |
 * | disputes_held        | asset     | withheld by the processor while a dispute is open                          |
 * | tenant_payable       | liability | credit: what is owed to the tenant                                         |
 * | refunds_in_flight    | liability | credit: taken from the tenant, not returned to the customer yet            |
 * | currency_conversion  | clearing  | what was converted, in one currency, against what it became, in the other  |
 * | connected_balance    | clearing  | credit: paid out, or on its way, from the balance of connected accounts    |
 * | payouts_in_transit   | asset     | on its way to the bank of a connected account                              |
 * | payouts_paid         | clearing  | what has arrived there                                                     |
 *
 * | event               | debit                                  | credit               | amount                   |
 * |---------------------|----------------------------------------|----------------------|--------------------------|
 * | PaymentCaptured     | processor_receivable                   | tenant_payable       | captured                 |
 * | RefundRequested     | tenant_payable                         | refunds_in_flight    | refund                   |
 * | RefundSucceeded     | refunds_in_flight                      | processor_receivable | refund                   |
 * | RefundFailed        | the reverse of what was booked         |                      | refund                   |
 * | DisputeOpened       | disputes_held                          | processor_receivable | disputed                 |
 * | DisputeClosed won   | processor_receivable                   | disputes_held        | disputed                 |
 * | DisputeClosed lost  | tenant_payable                         | disputes_held        | disputed                 |
 * | DisputeFundsMoved   | the way from what was booked to what it becomes: nothing, unless the dispute was decided otherwise |
 * | SettlementRecorded  | processor_balance and processing_fees  | processor_receivable | net and fee; gross       |
 * | PayoutReported      | payouts_in_transit                     | connected_balance    | paid out                 |
 * | PayoutPaid          | payouts_paid                           | payouts_in_transit   | paid out                 |
 * | PayoutFailed        | the reverse of what was booked         |                      | paid out                 |
 *
 * An authorization moves no money and posts nothing.
 */
export type Account =
  | 'processor_receivable'
  | 'processor_balance'
  | 'processing_fees'
  | 'disputes_held'
  | 'tenant_payable'
  | 'refunds_in_flight'
  | 'currency_conversion'
  | 'connected_balance'
  | 'payouts_in_transit'
  | 'payouts_paid';

export interface Posting {
  account: Account;
  currency: string;
  /** Signed minor units, never 0: positive is a debit. */
  amount: number;
  /** On processor_balance: when the processor makes it available. RFC 3339. */
  availableOn?: string;
}

/** What one refund, dispute or payout has in the books at a stage of its life, for one minor unit: debits 1, credits -1. */
type Holding = Partial<Record<Account, number>>;

const refundHoldings: Record<RefundBooked, Holding> = {
  nothing: {},
  pending: { tenant_payable: 1, refunds_in_flight: -1 },
  succeeded: { tenant_payable: 1, processor_receivable: -1 },
};

const disputeHoldings: Record<DisputeBooked, Holding> = {
  nothing: {},
  open: { disputes_held: 1, processor_receivable: -1 },
  won: {},
  lost: { tenant_payable: 1, processor_receivable: -1 },
};

const payoutHoldings: Record<PayoutBooked, Holding> = {
  nothing: {},
  in_transit: { payouts_in_transit: 1, connected_balance: -1 },
  paid: { payouts_paid: 1, connected_balance: -1 },
};

const entry = (account: Account, currency: string, amount: number): Posting[] =>
  amount === 0 ? [] : [{ account, currency, amount }];

/** The postings that turn one holding into another, so that the end is the same whichever stages were reported. */
const move = (from: Holding, to: Holding, { amount, currency }: { amount: number; currency: string }): Posting[] =>
  ([...new Set([...Object.keys(from), ...Object.keys(to)])] as Account[]).flatMap((account) =>
    entry(account, currency, ((to[account] ?? 0) - (from[account] ?? 0)) * amount),
  );

/** A refund that is further already stays there: only failure goes back. */
const refundStep = (booked: RefundBooked, reported: 'pending' | 'succeeded'): RefundBooked =>
  booked === 'succeeded' ? booked : reported;

/** A dispute that was closed stays so when it is reported open. */
const opened = (booked: DisputeBooked): DisputeBooked => (booked === 'nothing' ? 'open' : booked);

/** Events that do not say what the outcome made of it are of a time when a lost dispute stayed lost whatever came. */
const closed = ({ booked, becomes, outcome }: DisputeClosed): DisputeBooked =>
  becomes ?? (booked === 'lost' ? booked : outcome);

/** A payout that was paid is not on its way again: only failure goes back. */
const payoutStep = (booked: PayoutBooked, reported: 'in_transit' | 'paid'): PayoutBooked =>
  booked === 'paid' ? booked : reported;

const settlement = (event: SettlementRecorded): Posting[] => {
  const { gross, net, currency, availableOn, sourceAmount, sourceCurrency } = event;
  const converted = sourceAmount !== undefined && sourceCurrency !== undefined && sourceCurrency !== currency;
  const settled = [
    ...entry('processor_balance', currency, net).map((posting) => ({ ...posting, availableOn })),
    // gross - net, not the fee as told: books balance even where the processor's figures do not (that is drift).
    ...entry('processing_fees', currency, gross - net),
  ];
  if (!converted) return [...settled, ...entry('processor_receivable', currency, -gross)];
  return [
    ...settled,
    ...entry('currency_conversion', currency, -gross),
    ...entry('currency_conversion', sourceCurrency, sourceAmount),
    ...entry('processor_receivable', sourceCurrency, -sourceAmount),
  ];
};

/** The postings of one event, from the event alone; [] for one that moves no money. They sum to zero per currency. */
export const postingsOf = (event: BillingEvent): Posting[] => {
  switch (event.type) {
    case 'PaymentCaptured':
      return move({}, { processor_receivable: 1, tenant_payable: -1 }, event);
    case 'RefundRequested':
      return move({}, refundHoldings.pending, event);
    case 'RefundPending':
      return move(refundHoldings[event.booked], refundHoldings[refundStep(event.booked, 'pending')], event);
    case 'RefundSucceeded':
      return move(refundHoldings[event.booked], refundHoldings[refundStep(event.booked, 'succeeded')], event);
    case 'RefundFailed':
      return move(refundHoldings[event.reverses], refundHoldings.nothing, event);
    case 'DisputeOpened':
      return move(disputeHoldings[event.booked], disputeHoldings[opened(event.booked)], event);
    case 'DisputeClosed':
      return move(disputeHoldings[event.booked], disputeHoldings[closed(event)], event);
    case 'DisputeFundsMoved':
      return move(disputeHoldings[event.booked], disputeHoldings[event.becomes], event);
    case 'SettlementRecorded':
      return settlement(event);
    case 'PayoutReported':
      return move(payoutHoldings[event.booked], payoutHoldings[payoutStep(event.booked, 'in_transit')], event);
    case 'PayoutPaid':
      return move(payoutHoldings[event.booked], payoutHoldings[payoutStep(event.booked, 'paid')], event);
    case 'PayoutFailed':
      return move(payoutHoldings[event.reverses], payoutHoldings.nothing, event);
    default:
      return [];
  }
};

/** Balances by `account currency`, such as `tenant_payable usd`: signed minor units, debits positive, zero ones left out. */
export const balancesOf = (events: Iterable<BillingEvent>): Map<string, number> => {
  const balances = new Map<string, number>();
  for (const event of events) {
    for (const { account, currency, amount } of postingsOf(event)) {
      const key = `${account} ${currency}`;
      const balance = (balances.get(key) ?? 0) + amount;
      if (balance === 0) balances.delete(key);
      else balances.set(key, balance);
    }
  }
  return balances;
};
