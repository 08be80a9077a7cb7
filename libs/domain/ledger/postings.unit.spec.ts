import type { BillingEvent } from '../index.js';
import * as words from '../testing/payments.js';
import {
  aCharge,
  disputeClosed,
  disputeOpened,
  disputeReported,
  event,
  fundsMoved,
  refundRequested,
  refundSucceeded,
} from '../testing/payments.js';
import { balancesOf, postingsOf } from './index.js';

const books = (...events: BillingEvent[]) => Object.fromEntries(balancesOf([...aCharge(), ...events]));
const untouched = { 'processor_receivable usd': 5_000, 'tenant_payable usd': -5_000 };
const refundFailed = (reverses: 'nothing' | 'pending' | 'succeeded') =>
  event('RefundFailed', { refundId: 'r1', code: 'declined', amount: 2_000, currency: 'usd', reverses });
const settled = event('SettlementRecorded', {
  settlementId: 'txn_1',
  source: 'capture',
  sourceId: 'k1',
  gross: 5_000,
  fee: 175,
  net: 4_825,
  currency: 'usd',
  availableOn: '2026-11-03T00:00:00Z',
});

describe('the ledger', () => {
  it('owes the tenant what was captured', () => {
    expect(books()).toEqual(untouched);
  });
  it('posts nothing for an authorization', () => {
    expect(postingsOf(words.authorized())).toEqual([]);
  });
  it('keeps a refund in flight until the processor has returned it', () => {
    expect(books(refundRequested(2_000))).toEqual({
      'processor_receivable usd': 5_000,
      'refunds_in_flight usd': -2_000,
      'tenant_payable usd': -3_000,
    });
    expect(books(refundRequested(2_000), words.refundPending(2_000))).toEqual(books(refundRequested(2_000)));
    const returned = { 'processor_receivable usd': 3_000, 'tenant_payable usd': -3_000 };
    expect(books(refundRequested(2_000), refundSucceeded(2_000))).toEqual(returned);
    expect(books({ ...refundSucceeded(2_000), booked: 'nothing' })).toEqual(returned);
  });
  it('takes back what a failed refund had booked', () => {
    expect(books(refundRequested(2_000), refundFailed('pending'))).toEqual(untouched);
    expect(books(refundRequested(2_000), refundSucceeded(2_000), refundFailed('succeeded'))).toEqual(untouched);
    expect(books(refundFailed('nothing'))).toEqual(untouched);
  });
  it('holds what is disputed until it is won or lost', () => {
    expect(books(disputeOpened(3_000))).toEqual({
      'disputes_held usd': 3_000,
      'processor_receivable usd': 2_000,
      'tenant_payable usd': -5_000,
    });
    expect(books(disputeOpened(3_000), disputeClosed('won', 3_000))).toEqual(untouched);
    const lost = { 'processor_receivable usd': 2_000, 'tenant_payable usd': -2_000 };
    expect(books(disputeOpened(3_000), disputeClosed('lost', 3_000))).toEqual(lost);
    expect(books({ ...disputeClosed('lost', 3_000), booked: 'nothing' })).toEqual(lost);
  });
  it('keeps the funds of a lost dispute lost (hyperswitch PR #11653)', () => {
    const won = { ...disputeClosed('won', 3_000), booked: 'lost' as const };
    expect(postingsOf({ ...won, becomes: 'lost' })).toEqual([]);
    expect(postingsOf({ ...won, becomes: undefined })).toEqual([]); // as it was stored before
  });
  it('reads a closed dispute of before as it was read then', () => {
    const { becomes: _, ...before } = disputeClosed('lost', 3_000);
    expect(postingsOf(before)).toEqual(postingsOf(disputeClosed('lost', 3_000)));
  });
  it('holds nothing for what is only asked about', () => {
    expect(books(disputeReported('inquiry'))).toEqual(untouched);
  });
  it('follows the money of a dispute that is taken again after it was won, and given back again', () => {
    const won = [disputeOpened(3_000), fundsMoved('withdrawn', 'open'), disputeClosed('won', 3_000)];
    const again = fundsMoved('withdrawn 2', 'won', 'lost');
    const lost = { 'processor_receivable usd': 2_000, 'tenant_payable usd': -2_000 };
    expect(books(...won, fundsMoved('reinstated', 'won'))).toEqual(untouched);
    expect(books(...won, fundsMoved('reinstated', 'won'), again)).toEqual(lost);
    expect(books(...won, again, fundsMoved('reinstated 2', 'lost', 'won'))).toEqual(untouched);
  });
  it('follows the money of a dispute that comes back after it was lost', () => {
    const lost = [disputeOpened(3_000), fundsMoved('withdrawn', 'open'), disputeClosed('lost', 3_000)];
    expect(books(...lost, fundsMoved('reinstated', 'lost', 'won'))).toEqual(untouched);
  });
  it('clears what is settled of a dispute', () => {
    const taken = {
      ...settled,
      settlementId: 'txn_2',
      source: 'dispute' as const,
      gross: -3_000,
      fee: 1_500,
      net: -4_500,
    };
    const returned = { ...taken, settlementId: 'txn_3', gross: 3_000, fee: 0, net: 3_000 };
    const open = [settled, disputeOpened(3_000), fundsMoved('withdrawn', 'open'), taken];
    expect(books(...open)).toEqual({
      'disputes_held usd': 3_000,
      'processing_fees usd': 1_675,
      'processor_balance usd': 325,
      'tenant_payable usd': -5_000,
    });
    expect(books(...open, disputeClosed('lost', 3_000))).toEqual({
      'processing_fees usd': 1_675,
      'processor_balance usd': 325,
      'tenant_payable usd': -2_000,
    });
    expect(books(...open, disputeClosed('won', 3_000), fundsMoved('reinstated', 'won'), returned)).toEqual({
      'processing_fees usd': 1_675,
      'processor_balance usd': 3_325,
      'tenant_payable usd': -5_000,
    });
  });
  it('carries a payout to the bank, and back when it fails', () => {
    const terms = {
      ...{ payoutId: 'o1', processorPayoutId: 'po_1', processorAccountId: 'acct_1' },
      ...{ amount: 700, currency: 'usd', arrivesOn: words.at, at: words.at },
    };
    const reported = { type: 'PayoutReported', ...terms, booked: 'nothing' } as const;
    const paid = { type: 'PayoutPaid', ...terms, booked: 'in_transit' } as const;
    const failed = { type: 'PayoutFailed', ...terms, code: 'account_closed', reverses: 'paid' } as const;
    const balances = (...events: BillingEvent[]) => Object.fromEntries(balancesOf(events));
    expect(balances(reported)).toEqual({ 'payouts_in_transit usd': 700, 'connected_balance usd': -700 });
    expect(balances(reported, paid)).toEqual({ 'payouts_paid usd': 700, 'connected_balance usd': -700 });
    expect(balances({ ...paid, booked: 'nothing' })).toEqual(balances(reported, paid));
    expect(postingsOf({ ...reported, booked: 'paid' })).toEqual([]);
    expect(balances(reported, paid, failed)).toEqual({});
    expect(balances(reported, { ...failed, reverses: 'in_transit' })).toEqual({});
    expect(balances({ ...failed, reverses: 'nothing' })).toEqual({});
  });
  it('moves what is settled to the balance, less the fee, available from its day', () => {
    expect(books(settled)).toEqual({
      'processor_balance usd': 4_825,
      'processing_fees usd': 175,
      'tenant_payable usd': -5_000,
    });
    expect(postingsOf(settled)[0]).toEqual({
      account: 'processor_balance',
      currency: 'usd',
      amount: 4_825,
      availableOn: '2026-11-03T00:00:00Z',
    });
  });
  it('takes a settled refund from the balance', () => {
    const refund = { ...settled, settlementId: 'txn_2', source: 'refund' as const, gross: -2_000, fee: 0, net: -2_000 };
    expect(books(refundRequested(2_000), refundSucceeded(2_000), settled, refund)).toEqual({
      'processor_balance usd': 2_825,
      'processing_fees usd': 175,
      'tenant_payable usd': -3_000,
    });
  });
  it('shows a conversion in both currencies, each summing to zero', () => {
    const converted = { gross: 4_600, fee: 161, net: 4_439, currency: 'eur', rate: '0.92' };
    expect(books({ ...settled, ...converted, sourceAmount: 5_000, sourceCurrency: 'usd' })).toEqual({
      'processor_balance eur': 4_439,
      'processing_fees eur': 161,
      'currency_conversion eur': -4_600,
      'currency_conversion usd': 5_000,
      'tenant_payable usd': -5_000,
    });
  });
  it('balances even where the figures of the processor do not', () => {
    const amounts = postingsOf({ ...settled, net: 4_800 }).map(({ amount }) => amount);
    expect(amounts.reduce((a, b) => a + b)).toBe(0);
  });
});
