import Stripe from 'stripe';

import type { Claim } from '../objects.js';
import type {
  CreatedWithin,
  Found,
  Outcome,
  ProcessorMethod,
  ProcessorSetup,
  ProcessorSetupState,
  RequestSetup,
} from '../port.js';
import type { Calls } from './calls.js';
import { claimOf } from './claim.js';
import { failedLookup } from './classify.js';
import { Fields, Unreadable } from './fields.js';
import { findIn } from './find.js';
import { within } from './listing.js';
import { methodOf } from './method.js';

/** What to expand so that a setup comes with the payment method it has led to. */
const setupExpand = ['payment_method'];

/** The payer chooses the account at their bank, which names it at once; nothing waits for deposits of a few cents. */
const bankOptions = {
  us_bank_account: {
    financial_connections: { permissions: ['payment_method' as const] },
    verification_method: 'instant' as const,
  },
};

/**
 * A confirmation token brings the payer's consent to bank debits with it, given in the form: what was sent here instead would take its
 * place. The payer's browser runs what is left to do, so nothing is sent back to a page.
 */
const setupParams = (request: RequestSetup): Stripe.SetupIntentCreateParams => {
  const { tenantId, setupIntentId, processorCustomerId, methodKinds, usage, confirmationToken } = request;
  return {
    customer: processorCustomerId,
    usage,
    allowed_payment_method_types: [...methodKinds],
    ...(methodKinds.includes('us_bank_account') && { payment_method_options: bankOptions }),
    ...(confirmationToken !== undefined && {
      confirm: true,
      confirmation_token: confirmationToken,
      use_stripe_sdk: true,
    }),
    metadata: { tenantId, setupIntentId },
    expand: setupExpand,
  };
};

const idOf = (object: string | { id: string } | null): string | undefined =>
  (typeof object === 'string' ? object : object?.id) ?? undefined;

const claimOfSetup = (intent: Stripe.SetupIntent): Claim =>
  claimOf(new Fields(intent, 'setup_intent'), idOf(intent.customer));

const failureOf = (error: Stripe.SetupIntent.LastSetupError | null) =>
  error ? { failure: { code: error.code ?? error.type, declineCode: error.decline_code } } : {};

const succeeded = (intent: Stripe.SetupIntent): ProcessorSetupState => {
  const { payment_method: method } = intent;
  if (method === null || typeof method === 'string') throw new Unreadable('setup_intent.payment_method');
  return { status: 'succeeded', method: methodOf(method), mandate: idOf(intent.mandate) };
};

const stateOf = (intent: Stripe.SetupIntent): ProcessorSetupState => {
  const clientSecret = intent.client_secret ?? undefined;
  switch (intent.status) {
    case 'succeeded':
      return succeeded(intent);
    case 'requires_action':
      return { status: 'action_required', action: intent.next_action?.type ?? 'unknown', clientSecret };
    case 'requires_payment_method':
    case 'requires_confirmation':
      return { status: 'method_required', clientSecret, ...failureOf(intent.last_setup_error) };
    case 'canceled':
      return { status: 'canceled' };
    default: // also a status that this release does not know: not ended, the webhook will tell
      return { status: 'processing' };
  }
};

/** A setup intent in the port's words. Throws Unreadable for one that has succeeded and does not show its payment method. */
export const setupOf = (intent: Stripe.SetupIntent): ProcessorSetup => ({
  ...stateOf(intent),
  processorSetupIntentId: intent.id,
  claim: claimOfSetup(intent),
});

/** A decline leaves a setup that can be tried again, and the error shows it. */
const orDeclined = (error: unknown): Stripe.SetupIntent => {
  if (error instanceof Stripe.errors.StripeError && error.statusCode === 402 && error.setup_intent) {
    return error.setup_intent;
  }
  throw error;
};

/** Setups of payment methods at Stripe, and their end. */
export class Setups {
  constructor(
    private readonly stripe: Stripe,
    private readonly calls: Calls,
  ) {}

  request(request: RequestSetup, idempotencyKey: string): Promise<Outcome<ProcessorSetup>> {
    const made = this.stripe.setupIntents.create(setupParams(request), { idempotencyKey });
    return this.calls.operation(made.catch(orDeclined), setupOf);
  }

  retrieve(processorSetupIntentId: string): Promise<ProcessorSetup | undefined> {
    return this.calls.lookup(
      this.stripe.setupIntents.retrieve(processorSetupIntentId, { expand: setupExpand }),
      setupOf,
    );
  }

  cancel(processorSetupIntentId: string, idempotencyKey: string): Promise<Outcome<ProcessorSetup>> {
    const { setupIntents } = this.stripe;
    return this.calls.operation(
      setupIntents.cancel(processorSetupIntentId, { expand: setupExpand }, { idempotencyKey }),
      setupOf,
    );
  }

  async find(
    wanted: Pick<RequestSetup, 'tenantId' | 'setupIntentId' | 'processorCustomerId'>,
    created: CreatedWithin,
  ): Promise<Found<ProcessorSetup>> {
    const { tenantId, setupIntentId, processorCustomerId: customer } = wanted;
    const list = this.stripe.setupIntents.list({ customer, created: within(created), limit: 100 });
    let found: Found<Stripe.SetupIntent>;
    try {
      found = await findIn(list, { tenantId, setupIntentId });
    } catch (error) {
      failedLookup(error);
      return 'absent'; // the customer does not exist, and so nothing of theirs
    }
    if (typeof found === 'string') return found;
    const setup = await this.retrieve(found.found.id);
    return setup ? { found: setup } : 'absent';
  }

  /** Stripe refuses to detach what is detached, so a refusal is looked into. */
  async detach(token: string, idempotencyKey: string): Promise<Outcome<ProcessorMethod>> {
    const { paymentMethods } = this.stripe;
    const outcome = await this.calls.operation(paymentMethods.detach(token, {}, { idempotencyKey }), methodOf);
    if (outcome.outcome === 'succeeded') return outcome;
    const method = await this.calls.lookup(paymentMethods.retrieve(token), methodOf);
    return method && method.processorCustomerId === undefined ? { outcome: 'succeeded', value: method } : outcome;
  }
}
