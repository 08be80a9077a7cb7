import {
  attemptOf,
  factsOfDispute,
  factsOfRefund,
  foreignRefundId,
  isUnheardRefund,
  refundIdOf,
} from '#command-handling/facts';
import type { Payment, PaymentFact } from '#domain/payment';
import type { Claim, PaymentStanding, ProcessorPayment } from '#processor';

import type { Desk, Findings } from './operation.js';
import { wanted } from './operation.js';
import { shown } from './standing.js';

const isClaimed = (claim: Claim, tenantId: string, { paymentId }: Payment): boolean =>
  claim.tenantId === tenantId && claim.paymentId === paymentId;

/**
 * The attempt that the processor's payment is: the one that is known there under this id, or the claimed one, as long as the
 * processor has given it no id yet. Undefined: it is none of this payment's.
 */
export const attemptBehind = (
  tenantId: string,
  state: Payment,
  { payment: { processorPaymentId, currency }, claim }: Pick<PaymentStanding, 'payment' | 'claim'>,
): number | undefined => {
  if (currency !== state.currency) return undefined;
  const known = attemptOf(state, processorPaymentId);
  if (known !== undefined || claim.attempt === undefined || !isClaimed(claim, tenantId, state)) return known;
  const claimed = state.attempts[claim.attempt];
  return claimed && claimed.processorPaymentId === undefined ? claimed.attempt : undefined;
};

/** Our id of a refund of a charge: the one that we asked for, or one that derives, where somebody else made it. */
export const refundIdFor = (
  tenantId: string,
  state: Payment,
  { processorRefundId, processorPaymentId }: { processorRefundId: string; processorPaymentId: string },
  claim: Claim,
): string => {
  const known = refundIdOf(state, processorRefundId);
  if (known !== undefined) return known;
  const claimed = isClaimed(claim, tenantId, state) ? claim.refundId : undefined;
  return claimed !== undefined && isUnheardRefund(state, claimed, processorPaymentId)
    ? claimed
    : foreignRefundId(state.paymentId, processorRefundId);
};

/**
 * Keeps what the customer's browser needs to finish an action, where the action is news, before the event that tells of it: whoever
 * reads that asks at once. Where it was known already the secret is not kept for another day.
 */
export const keepSecret = async (
  { clientSecrets, now }: Pick<Desk, 'clientSecrets' | 'now'>,
  tenantId: string,
  { paymentId, attempts }: Payment,
  attempt: number,
  payment: ProcessorPayment,
): Promise<void> => {
  if (payment.status !== 'action_required' || payment.clientSecret === undefined) return;
  if (attempts[attempt]?.stage.phase !== 'requested') return;
  await clientSecrets.store({ tenantId, paymentId, attempt }, payment.clientSecret, now());
};

/**
 * Everything that the processor holds about one of our attempts, as facts: the payment itself, its refunds, whoever made them, and its
 * disputes. What is still to be settled of it comes with them.
 */
export const factsOfLook = (
  tenantId: string,
  state: Payment,
  attempt: number,
  { payment, refunds, disputes }: PaymentStanding,
  at: string,
): { kind: string } & Findings<PaymentFact> => {
  const { processorPaymentId } = payment;
  const parts = [
    shown({ state, attempt }, payment, at),
    ...refunds.map(({ refund, claim }) => {
      const refundId = refundIdFor(tenantId, state, { ...refund, processorPaymentId }, claim);
      return factsOfRefund({ refundId, processorPaymentId }, refund, at);
    }),
  ];
  const disputed = disputes.flatMap((dispute): PaymentFact[] => factsOfDispute(state.paymentId, dispute, at));
  return {
    kind: 'looked',
    facts: [...parts.flatMap(({ facts }) => facts), ...disputed],
    settlements: wanted(...parts.map(({ settlement }) => settlement)),
  };
};
