import type { Payment, PaymentFact } from '#domain/payment';

import type { SettlementWanted } from './settlement.js';

/** An attempt, and its payment as the stream has it. */
export interface Subject {
  state: Payment;
  attempt: number;
  /** The capture whose own answer tells of the payment, and how much it took: its end is for the caller to record. */
  answered?: { captureId: string; amount: number };
}

/** What an object of the processor's, as it stands, says of ours. */
export interface Standing<F = PaymentFact> {
  /** Names it, in metrics and in the ids of commands. */
  kind: string;
  facts: readonly F[];
  /** There is no balance transaction yet: fetch it later. */
  settlement?: SettlementWanted;
}
