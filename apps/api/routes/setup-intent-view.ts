import type { PaymentMethodKind } from '#domain/payment-method';
import type { SetupIntent, SetupIntentStatus, SetupUsage } from '#domain/setup-intent';
import { setupIntentStatusOf } from '#domain/setup-intent';

/** A setup intent as the outside sees it. */
export interface SetupIntentView {
  id: string;
  status: SetupIntentStatus;
  customerId: string;
  paymentMethodTypes: readonly PaymentMethodKind[];
  usage: SetupUsage;
  /** Once it has succeeded. */
  paymentMethodId: string | null;
  /** For the payer's browser, while there is something that it can do; null for callers who may not write. */
  clientSecret: string | null;
  nextAction: { type: string } | null;
  failure: { code: string; declineCode: string | null } | null;
  processorSetupIntentId: string | null;
  createdAt: string;
}

/** Whether the payer's browser has something to do. */
export const awaitsPayer = (intent: SetupIntent): boolean =>
  ['requires_payment_method', 'requires_action'].includes(setupIntentStatusOf(intent));

/** Shows a setup intent; pure. */
export const setupIntentView = (intent: SetupIntent, clientSecret: string | undefined): SetupIntentView => {
  const { stage } = intent;
  return {
    id: intent.setupIntentId,
    status: setupIntentStatusOf(intent),
    customerId: intent.customerId,
    paymentMethodTypes: intent.methodKinds,
    usage: intent.usage,
    paymentMethodId: stage.phase === 'succeeded' ? intent.paymentMethodId : null,
    clientSecret: clientSecret ?? null,
    nextAction: stage.phase === 'action_required' ? { type: stage.action } : null,
    failure: stage.phase === 'failed' ? { code: stage.code, declineCode: stage.declineCode ?? null } : null,
    processorSetupIntentId: intent.processorSetupIntentId ?? null,
    createdAt: intent.createdAt,
  };
};
