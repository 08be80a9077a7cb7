import type { DriftDetected } from '../drift.js';

/**
 * The events of one payout of a connected account, as the processor reports it. Names and fields are a storage format: add
 * optional fields, never rename. Amounts are positive integers of the minor unit of `currency`, times RFC 3339.
 */

/** What the ledger held for a payout before an event about it. A payout that was paid can still fail. */
export type PayoutBooked = 'nothing' | 'in_transit' | 'paid';

export interface PayoutReported {
  type: 'PayoutReported';
  payoutId: string;
  processorPayoutId: string;
  processorAccountId: string;
  amount: number;
  currency: string;
  /** When the bank is to have it; as the other reports tell it too. */
  arrivesOn: string;
  /** `nothing`, unless it was reported before. */
  booked: PayoutBooked;
  at: string;
}

export interface PayoutPaid {
  type: 'PayoutPaid';
  payoutId: string;
  processorPayoutId: string;
  processorAccountId: string;
  amount: number;
  currency: string;
  arrivesOn: string;
  booked: PayoutBooked;
  at: string;
}

export interface PayoutFailed {
  type: 'PayoutFailed';
  payoutId: string;
  processorPayoutId: string;
  processorAccountId: string;
  /** `canceled` where it was called back before it left. */
  code: string;
  amount: number;
  currency: string;
  arrivesOn: string;
  /** What the failure takes back in the ledger. */
  reverses: PayoutBooked;
  at: string;
}

export type PayoutEvent = PayoutReported | PayoutPaid | PayoutFailed | DriftDetected;
