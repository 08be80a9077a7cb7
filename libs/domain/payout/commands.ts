/** Fact: how a payout stands at the processor. Time and ids come with it; the amount is minor units of `currency`. */
export interface RecordPayout {
  type: 'RecordPayout';
  payoutId: string;
  processorPayoutId: string;
  processorAccountId: string;
  amount: number;
  currency: string;
  arrivesOn: string;
  outcome: { phase: 'in_transit' } | { phase: 'paid' } | { phase: 'failed'; code: string };
  at: string;
}

export type PayoutCommand = RecordPayout;
