import { randomUUID } from 'node:crypto';

import Stripe from 'stripe';

import type { SpecSandbox } from '../../stripe-sandbox/testing/sandbox.js';
import { startSpecSandbox } from '../../stripe-sandbox/testing/sandbox.js';
import type { RequestSetup } from '../port.js';
import { StripeProcessor } from './index.js';
import { setupOf } from './setup.js';

let sandbox: SpecSandbox;
let stripe: Stripe;
let processor: StripeProcessor;
let processorCustomerId: string;
beforeAll(async () => {
  sandbox = await startSpecSandbox();
  stripe = new Stripe('sk_test_123', sandbox.client);
  processor = new StripeProcessor({ apiKey: 'sk_test_123', apiBase: sandbox.url, timeoutMs: 5_000 });
  processorCustomerId = (await stripe.customers.create({})).id;
});
afterAll(() => sandbox.discard());

const tenantId = randomUUID();
const always = { from: new Date(0), to: new Date(Date.now() + 3_600_000) };

const succeeded = <V>(outcome: { outcome: string; value?: V }): V => {
  if (outcome.outcome !== 'succeeded') throw new Error(`the operation was ${JSON.stringify(outcome)}`);
  return outcome.value as V;
};

const request = (more: Partial<RequestSetup> = {}): RequestSetup => ({
  ...{ tenantId, setupIntentId: randomUUID(), processorCustomerId, usage: 'off_session' },
  methodKinds: ['card', 'us_bank_account'],
  ...more,
});

const tokenOf = async (method: string): Promise<string> =>
  (await stripe.testHelpers.confirmationTokens.create({ payment_method: method })).id;

describe('a setup', () => {
  it('without a confirmation token waits for the payer, and says whose it is', async () => {
    const wanted = request();
    const setup = succeeded(await processor.requestSetup(wanted, randomUUID()));
    const claim = { tenantId, setupIntentId: wanted.setupIntentId, processorCustomerId };
    expect(setup).toMatchObject({ status: 'method_required', claim });
    expect(setup).not.toHaveProperty('failure');
    const { status } = await stripe.setupIntents.retrieve(setup.processorSetupIntentId);
    expect(status).toBe('requires_payment_method');
    expect(await processor.retrieveSetup(setup.processorSetupIntentId)).toEqual(setup);
  });

  it('asks the payer’s bank for the account alone, and at once', async () => {
    const setup = succeeded(await processor.requestSetup(request(), randomUUID()));
    const intent = await stripe.setupIntents.retrieve(setup.processorSetupIntentId);
    expect(intent.payment_method_options?.us_bank_account).toMatchObject({
      financial_connections: { permissions: ['payment_method'] },
      verification_method: 'instant',
    });
    expect(intent.allowed_payment_method_types).toEqual(['card', 'us_bank_account']);
    const cards = succeeded(await processor.requestSetup(request({ methodKinds: ['card'] }), randomUUID()));
    const card = await stripe.setupIntents.retrieve(cards.processorSetupIntentId);
    expect(card.payment_method_options?.us_bank_account).toBeUndefined();
  });

  it('with a confirmation token brings the payment method, by which it is told from others', async () => {
    const wanted = request({ confirmationToken: await tokenOf('pm_card_visa') });
    const key = randomUUID();
    const setup = succeeded(await processor.requestSetup(wanted, key));
    expect(setup).toMatchObject({
      status: 'succeeded',
      method: { processorCustomerId, details: { kind: 'card', brand: 'visa', last4: '4242' } },
    });
    if (setup.status !== 'succeeded') throw new Error('no payment method');
    expect(setup.method.details).toHaveProperty('fingerprint');
    expect(succeeded(await processor.requestSetup(wanted, key))).toEqual(setup);
  });

  it('of a bank account brings the account', async () => {
    const confirmationToken = await tokenOf('pm_usBankAccount_success');
    const setup = succeeded(await processor.requestSetup(request({ confirmationToken }), randomUUID()));
    expect(setup).toMatchObject({ status: 'succeeded', method: { details: { kind: 'us_bank_account' } } });
  });

  it('that is declined was made all the same, and says why', async () => {
    const confirmationToken = await tokenOf('pm_card_chargeDeclinedInsufficientFunds');
    const setup = succeeded(await processor.requestSetup(request({ confirmationToken }), randomUUID()));
    expect(setup).toMatchObject({
      status: 'method_required',
      failure: { code: 'card_declined', declineCode: 'insufficient_funds' },
    });
  });

  it('whose payer has to act says what for', async () => {
    const confirmationToken = await tokenOf('pm_card_authenticationRequired');
    const setup = succeeded(await processor.requestSetup(request({ confirmationToken }), randomUUID()));
    expect(setup).toMatchObject({ status: 'action_required', action: 'use_stripe_sdk' });
  });

  it('with a token that was used is refused', async () => {
    const confirmationToken = await tokenOf('pm_card_visa');
    succeeded(await processor.requestSetup(request({ confirmationToken }), randomUUID()));
    expect(await processor.requestSetup(request({ confirmationToken }), randomUUID())).toMatchObject({
      outcome: 'rejected',
    });
  });

  it('is found among those of its customer, and not where there is none', async () => {
    const wanted = request();
    const made = succeeded(await processor.requestSetup(wanted, randomUUID()));
    expect(await processor.findSetup(wanted, always)).toEqual({ found: made });
    expect(await processor.findSetup(request(), always)).toBe('absent');
    expect(await processor.findSetup({ ...wanted, processorCustomerId: 'cus_none' }, always)).toBe('absent');
    expect(await processor.retrieveSetup('seti_none')).toBeUndefined();
  });

  it('that was canceled, or is under way, says so', async () => {
    const made = succeeded(await processor.requestSetup(request(), randomUUID()));
    const canceled = await stripe.setupIntents.cancel(made.processorSetupIntentId);
    expect(setupOf(canceled)).toMatchObject({ status: 'canceled' });
    expect(setupOf({ ...canceled, status: 'processing' })).toMatchObject({ status: 'processing' });
    expect(setupOf({ ...canceled, status: 'a new one' })).toMatchObject({ status: 'processing' });
  });

  it('brings the permission for bank debits, and is unreadable without its payment method', async () => {
    const wanted = request({ confirmationToken: await tokenOf('pm_usBankAccount_success') });
    const made = succeeded(await processor.requestSetup(wanted, randomUUID()));
    const intent = await stripe.setupIntents.retrieve(made.processorSetupIntentId, { expand: ['payment_method'] });
    expect(setupOf({ ...intent, mandate: 'mandate_1' })).toMatchObject({ mandate: 'mandate_1' });
    expect(() => setupOf({ ...intent, payment_method: 'pm_1' })).toThrow('setup_intent.payment_method');
  });
});

describe('detaching', () => {
  it('takes the payment method from its customer, and what is taken already is a success', async () => {
    const { id: token } = await stripe.paymentMethods.attach('pm_card_visa', { customer: processorCustomerId });
    const detached = succeeded(await processor.detachPaymentMethod({ token }, randomUUID()));
    expect(detached.processorCustomerId).toBeUndefined();
    expect(succeeded(await processor.detachPaymentMethod({ token }, randomUUID())).token).toBe(token);
  });

  it('what the processor does not know is refused', async () => {
    expect(await processor.detachPaymentMethod({ token: 'pm_none' }, randomUUID())).toMatchObject({
      outcome: 'rejected',
      code: 'resource_missing',
    });
  });
});
