/**
 * Payouts to a bank account, and transfers to connected accounts that have one. A payout that was paid can still fail: the bank sends the
 * money back. https://docs.stripe.com/payouts
 */
import type { Metadata, PayoutRecord, TransferRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { invalidParameter, refused, resourceMissing } from '../wire/errors.js';
import { bankAccountOf, isActive } from './accounts.js';
import { availableOf, bookPayout, bookReceivedTransfer, bookTransfer } from './ledger.js';

const ARRIVAL_SECONDS = 2 * 24 * 60 * 60;

export interface PayoutWishes {
  amount: number;
  currency: string;
  description?: string | undefined;
  destination?: string | undefined;
  metadata: Metadata;
  method?: string | undefined;
  source_type?: string | undefined;
  statement_descriptor?: string | undefined;
}

const assertEnough = (work: Work, amount: number, currency: string, source_type: string): void => {
  if (amount <= availableOf(work, currency, source_type)) return;
  throw refused(
    `You have insufficient available funds in your Stripe account: try adding funds directly to your available balance by creating ` +
      'Charges using the 4000000000000077 test card. See: https://stripe.com/docs/testing#available-balance',
    'balance_insufficient',
  );
};

const assertMayPayOut = (work: Work): void => {
  if (work.account === undefined) return;
  const account = work.get('account', work.account);
  if (isActive(account, 'transfers') || isActive(account, 'card_payments')) return;
  throw refused('Payouts are not enabled for this account.', 'payouts_not_allowed');
};

/** Sends money to the bank account of who `work` is for. Throws balance_insufficient, payouts_not_allowed. */
export const createPayout = (work: Work, wishes: PayoutWishes): PayoutRecord => {
  const { amount, currency, source_type = 'card', method = 'standard' } = wishes;
  assertMayPayOut(work);
  const bank = bankAccountOf(work);
  // The platform has one for each currency.
  if (!bank || (work.account !== undefined && bank.currency !== currency)) {
    throw refused(`Sorry, you don't have any external accounts in that currency (${currency}).`, undefined, 'currency');
  }
  if (wishes.destination !== undefined && wishes.destination !== bank.id) {
    throw resourceMissing('external account', wishes.destination, 'destination');
  }
  assertEnough(work, amount, currency, source_type);
  const id = work.newId('payout');
  const payout = work.save('payout', {
    id,
    created: work.now,
    status: 'pending',
    amount,
    currency,
    arrival_date: work.now + (method === 'instant' ? 0 : ARRIVAL_SECONDS),
    destination: bank.id,
    method,
    source_type,
    metadata: wishes.metadata,
    balance_transaction: bookPayout(work, { id, amount, currency, source_type }, 'payout'),
    fails_with: bank.failure_code,
    description: wishes.description,
    statement_descriptor: wishes.statement_descriptor,
  });
  work.settleLater(payout.id);
  work.event('payout.created', 'payout', payout);
  return payout;
};

const change = (work: Work, payout: PayoutRecord, type: string, next: Partial<PayoutRecord>): PayoutRecord => {
  const changed = work.save('payout', { ...payout, ...next });
  work.event(type, 'payout', changed, { status: payout.status });
  return changed;
};

/** The money comes back: canceled before it has left, or failed at the bank, whenever that tells. Throws when it is back already. */
export const returnPayout = (
  work: Work,
  payout: PayoutRecord,
  status: 'failed' | 'canceled',
  failure_code?: string,
): PayoutRecord => {
  if (payout.status === 'failed' || payout.status === 'canceled') {
    throw refused(`Payout ${payout.id} is ${payout.status} already.`, 'payout_already_over');
  }
  if (status === 'canceled' && payout.status !== 'pending') {
    throw refused(
      `Payouts can only be canceled while they are pending. This payout is ${payout.status}.`,
      'payout_not_cancelable',
    );
  }
  const isFailure = status === 'failed';
  return change(work, payout, `payout.${status}`, {
    status,
    failure_balance_transaction: bookPayout(work, payout, isFailure ? 'payout_failure' : 'payout_cancel'),
    ...(isFailure && { failure_code: failure_code ?? payout.fails_with ?? 'could_not_process' }),
  });
};

/** The bank has the money. Throws unless it is on its way. */
export const payPayout = (work: Work, payout: PayoutRecord): PayoutRecord => {
  if (payout.status !== 'pending' && payout.status !== 'in_transit') {
    throw refused(`Payout ${payout.id} is not on its way: it is ${payout.status}.`, 'payout_already_over');
  }
  return change(work, payout, 'payout.paid', { status: 'paid' });
};

/** One step on: to the bank, and then into the account, or back where its number is one of a payout that fails. */
export const settlePayout = (work: Work, payout: PayoutRecord): void => {
  if (payout.status === 'pending') {
    change(work, payout, 'payout.updated', { status: 'in_transit' });
    work.settleLater(payout.id);
  } else if (payout.status === 'in_transit') {
    if (payout.fails_with === undefined) payPayout(work, payout);
    else returnPayout(work, payout, 'failed');
  }
};

export type TransferWishes = Pick<
  TransferRecord,
  'amount' | 'currency' | 'destination' | 'metadata' | 'description' | 'source_type' | 'transfer_group'
>;

/** Moves money from the platform's balance to that of a connected account. Throws balance_insufficient, resource_missing. */
export const createTransfer = (work: Work, wishes: TransferWishes): TransferRecord => {
  if (work.account !== undefined) {
    throw invalidParameter('destination', 'Only the platform transfers to connected accounts.');
  }
  const { amount, currency, destination, metadata, description, source_type, transfer_group } = wishes;
  work.get('account', destination, 'destination');
  assertEnough(work, amount, currency, source_type ?? 'card');
  const id = work.newId('transfer');
  const destination_payment = `py_${id.slice('tr_'.length)}`;
  bookReceivedTransfer(work.for(destination), { amount, currency, destination_payment });
  const transfer = work.save('transfer', {
    id,
    created: work.now,
    amount,
    currency,
    destination,
    metadata,
    description,
    source_type,
    transfer_group,
    destination_payment,
    balance_transaction: bookTransfer(work, { id, amount, currency, source_type }),
  });
  work.link(destination, transfer.id);
  work.event('transfer.created', 'transfer', transfer);
  return transfer;
};
