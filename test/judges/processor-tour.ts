/** A tour of everything that our own adapter asks of Stripe. */
import type { Outcome, Processor } from '#processor';

const tenantId = '0198c3a0-0000-7000-8000-000000000001';
const idOf = (name: string): string => `${tenantId}-${name}`;

const done = async <V>(attempt: Promise<Outcome<V>>): Promise<V> => {
  const outcome = await attempt;
  if (outcome.outcome !== 'succeeded') throw new Error(`The sandbox answered ${outcome.outcome}`);
  return outcome.value;
};

const drain = async (list: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of list);
};

/** Calls each method of `processor` at least once. `settle` lets what is asynchronous happen; `confirm` makes a confirmation token. */
export const tourProcessor = async (
  processor: Processor,
  settle: () => Promise<void>,
  confirm: () => Promise<string>,
): Promise<void> => {
  const created = { from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 60_000) };
  const customerId = idOf('customer');
  const { processorCustomerId } = await done(
    processor.createCustomer(
      { tenantId, customerId, email: 'a@example.com', name: 'A', address: { country: 'US' } },
      'k1',
    ),
  );
  const attach = (token: string, key: string) =>
    done(processor.attachPaymentMethod({ tenantId, paymentMethodId: idOf(key), processorCustomerId, token }, key));
  const { token } = await attach('pm_card_visa', 'k2');
  const { token: disputedToken } = await attach('pm_card_createDispute', 'k3');
  const pay = (paymentId: string, captureMethod: 'automatic' | 'manual', with_: string) => {
    const money = { amount: 5_000, currency: 'usd', captureMethod, methodKind: 'card' as const };
    const request = { tenantId, paymentId, attempt: 1, processorCustomerId, token: with_, ...money };
    return done(processor.requestPayment(request, `pay-${paymentId}`));
  };
  const paid = await pay(idOf('p1'), 'automatic', token);
  const held = await pay(idOf('p2'), 'manual', token);
  const canceled = await pay(idOf('p3'), 'manual', token);
  const disputed = await pay(idOf('p4'), 'automatic', disputedToken);
  const of = (payment: { processorPaymentId: string }) => ({ processorPaymentId: payment.processorPaymentId });
  await done(
    processor.capturePayment(
      { tenantId, paymentId: idOf('p2'), captureId: idOf('c'), amount: 2_000, final: true, ...of(held) },
      'k4',
    ),
  );
  await done(processor.cancelPayment({ ...of(canceled), reason: 'duplicate' }, 'k5'));
  const refund = { tenantId, paymentId: idOf('p1'), refundId: idOf('r'), ...of(paid) };
  const { processorRefundId } = await done(
    processor.refundPayment({ ...refund, amount: 100, reason: 'duplicate' }, 'k6'),
  );
  await settle();
  const { disputes } = (await processor.retrieveStanding(disputed.processorPaymentId)) ?? { disputes: [] };
  const [dispute] = disputes;
  if (!dispute) throw new Error('The payment was not disputed');
  const { processorDisputeId } = dispute;
  await done(
    processor.submitEvidence(
      { processorDisputeId, evidence: { uncategorized_text: 'winning_evidence' }, submit: true },
      'k7',
    ),
  );
  const saved = { tenantId, processorCustomerId, usage: 'off_session' } as const;
  const setup = await done(
    processor.requestSetup({ ...saved, setupIntentId: idOf('s1'), methodKinds: ['card', 'us_bank_account'] }, 'k8'),
  );
  const confirmationToken = await confirm();
  await processor.retrieveConfirmationToken(confirmationToken);
  await pay(idOf('p5'), 'automatic', await confirm());
  await done(
    processor.requestSetup({ ...saved, setupIntentId: idOf('s2'), methodKinds: ['card'], confirmationToken }, 'k9'),
  );
  await processor.retrieveSetup(setup.processorSetupIntentId);
  await processor.findSetup({ tenantId, setupIntentId: idOf('s1'), processorCustomerId }, created);
  await done(processor.detachPaymentMethod({ token: disputedToken }, 'k10'));
  await processor.detachPaymentMethod({ token: disputedToken }, 'k11');
  await settle();
  await processor.retrieveStanding(paid.processorPaymentId);
  await processor.retrievePaymentMethod(token);
  await processor.retrieveAccount('acct_none');
  await processor.fetchRefundSettlement(processorRefundId);
  await processor.fetchBalance();
  await processor.findCustomer({ tenantId, customerId, email: 'a@example.com' }, created);
  await processor.findPaymentMethod({ tenantId, paymentMethodId: idOf('k2'), processorCustomerId });
  await processor.findPayment({ tenantId, paymentId: idOf('p1'), attempt: 1, processorCustomerId }, created);
  await processor.findRefund(refund);
  await drain(processor.listPayments(created));
  await drain(processor.listPayouts(created));
  await drain(processor.listRefunds(created));
  await drain(processor.listDisputes(created));
  await drain(processor.listEvents(created));
};
