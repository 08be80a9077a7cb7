import { payments } from '#command-handling/facts';
import type { ConfirmationTokenPresented, Payment, PaymentEvent, PaymentFact } from '#domain/payment';
import { LookupRefused } from '#processor';
import type { ProcessorConfirmationToken } from '#processor';

import type { TakenCall } from '../calls/call.js';
import type { Answer, Desk, Operation } from './operation.js';
import { isTooLate } from './payer-patience.js';

type ConfirmationCall = TakenCall<ConfirmationTokenPresented>;

const refused = ({ request }: ConfirmationCall, code: string, { now }: Desk): Answer<PaymentFact> => ({
  kind: 'refused',
  facts: [{ type: 'RecordConfirmationRefused', confirmationId: request.confirmationId, code, at: now().toISOString() }],
});

const inspected = async (
  call: ConfirmationCall,
  { details, fingerprint }: ProcessorConfirmationToken,
  desk: Desk,
): Promise<Answer<PaymentFact>> => {
  if (details.kind === 'other') return refused(call, 'payment_method_type_not_allowed', desk);
  const digest = fingerprint === undefined ? undefined : await desk.keys.fingerprint(call.tenantId, fingerprint);
  const { confirmationId } = call.request;
  const found = { confirmationId, methodKind: details.kind, fingerprint: digest, at: desk.now().toISOString() };
  return { kind: 'inspected', facts: [{ type: 'RecordConfirmationInspected', ...found }] };
};

/** A look at the processor, which changes nothing there: it may be repeated, however long ago it was first made. */
const inspect = async (call: ConfirmationCall, desk: Desk): Promise<Answer<PaymentFact>> => {
  const { tenantId, request } = call;
  if (isTooLate(request, desk.now())) return refused(call, 'confirmation_token_expired', desk);
  const token = await desk.tokens.open({ tenantId, paymentMethodId: request.confirmationId });
  if (token === undefined) return refused(call, 'confirmation_token_expired', desk);
  try {
    const found = await desk.line.run(call, () => desk.processor.retrieveConfirmationToken(token));
    return found ? await inspected(call, found, desk) : refused(call, 'confirmation_token_unknown', desk);
  } catch (error) {
    // Nothing was charged: better that the payer tries again than that the payment waits for a person.
    if (error instanceof LookupRefused) return refused(call, error.code, desk);
    throw error;
  }
};

/**
 * Looks what the token holds that a payer has presented. What judges a charge by its card stands behind it: the attempt is requested, or not,
 * by the decision that records what was found.
 */
export const inspectConfirmation: Operation<ConfirmationTokenPresented, Payment, PaymentFact, PaymentEvent> = {
  aggregate: payments,
  ended: ({ request: { confirmationId } }, { presentations }) =>
    presentations?.[confirmationId]?.stage.phase !== 'presented' && {},
  send: (call, desk) => inspect(call, desk),
  look: (call, desk) => inspect(call, desk),
};
