import { paymentCanceled, unreachable } from '#command-handling/facts';
import type { Attempt, Payment, PaymentFact, PaymentRequested } from '#domain/payment';
import type { ProcessorPayment } from '#processor';
import { OutcomeUnknown } from '#processor';

import type { TakenCall } from '../calls/call.js';
import type { Answer, Desk, Findings } from './operation.js';
import { NotReady, wanted } from './operation.js';
import { shown } from './standing.js';

type PaymentCall = TakenCall<PaymentRequested>;

/** The code of an attempt that was not sent, because an earlier one holds money, took it, or still may. */
export const earlierAttemptOpen = 'earlier_attempt_open';

/** Whether the processor has its payment, and may have it confirmed: what was given up was canceled there, what was refused never made. */
const mayBeConfirmed = ({ stage, processorPaymentId }: Attempt): boolean => {
  if (stage.phase === 'canceled' || processorPaymentId === undefined) return false;
  return stage.phase !== 'failed' || (stage.code !== unreachable && stage.code !== paymentCanceled);
};

/**
 * Cancels the payment of an attempt that has failed: whoever has its client secret could still pay it, beside the next. Gives it as it
 * stands where it cannot be canceled; undefined where there is nothing any more to confirm.
 */
const cancel = async (
  call: PaymentCall,
  { attempt }: Attempt,
  processorPaymentId: string,
  { line, processor }: Desk,
): Promise<ProcessorPayment | undefined> => {
  // A key of its own for each try: a second cancellation changes nothing, and the memory of a failure would be no news.
  const key = `${call.idempotencyKey}:close:${attempt}:${call.tries}`;
  try {
    const outcome = await line.run(call, () => processor.cancelPayment({ processorPaymentId }, key));
    const told = outcome.outcome === 'succeeded' ? outcome.value : 'payment' in outcome ? outcome.payment : undefined;
    const payment = told ?? (await line.run(call, () => processor.retrievePayment(processorPaymentId)));
    return payment?.status === 'canceled' ? undefined : payment;
  } catch (error) {
    // It is not known what became of the cancellation. The attempt that waits for it was not sent.
    if (error instanceof OutcomeUnknown) throw new NotReady(earlierAttemptOpen, 500, 60_000);
    throw error;
  }
};

/** What is recorded instead of sending: how the earlier attempt stands, and that this one has failed. */
const notSent = (
  call: PaymentCall,
  { attempt }: Attempt,
  payment: ProcessorPayment | undefined,
  state: Payment,
  { now }: Desk,
): Answer<PaymentFact, Payment> => {
  const at = now().toISOString();
  const failure: PaymentFact = {
    type: 'RecordFailure',
    attempt: call.request.attempt,
    code: earlierAttemptOpen,
    at,
  };
  const findingsFor = (moved: Payment): Findings<PaymentFact> => {
    if (!payment) return { facts: [failure] };
    const { facts, settlement } = shown({ state: moved, attempt }, payment, at);
    return { facts: [...facts, failure], settlements: wanted(settlement) };
  };
  return { kind: earlierAttemptOpen, ...findingsFor(state), factsFor: findingsFor };
};

/**
 * Makes sure that no earlier attempt can take money beside the one that `call` asks for. Gives the answer instead of sending, where that cannot
 * be; undefined where it is so. Throws NotReady where nobody can tell yet, or what the line and the processor throw.
 */
export const closeEarlierAttempts = async (
  call: PaymentCall,
  desk: Desk,
  state: Payment,
): Promise<Answer<PaymentFact, Payment> | undefined> => {
  for (const earlier of Object.values(state.attempts)) {
    const { processorPaymentId, stage, attempt } = earlier;
    if (attempt >= call.request.attempt || !mayBeConfirmed(earlier) || processorPaymentId === undefined) continue;
    // It was told meanwhile that it took money, or may yet: that is not ours to undo.
    if (stage.phase !== 'failed') return notSent(call, earlier, undefined, state, desk);
    const open = await cancel(call, earlier, processorPaymentId, desk);
    if (open) return notSent(call, earlier, open, state, desk);
  }
  return undefined;
};
