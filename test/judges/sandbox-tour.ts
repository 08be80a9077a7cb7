/** A tour of everything that the sandbox does, by the official client: what judges are shown. */
import type Stripe from 'stripe';

type Settle = () => Promise<void>;

/** What a request that must be refused was refused with. Throws when it was not. */
const refused = async (attempt: Promise<unknown>): Promise<void> => {
  const done = await attempt.then(
    () => true,
    () => false,
  );
  if (done) throw new Error('The sandbox did what it must refuse');
};

const pay = (stripe: Stripe, payment_method: string, more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.paymentIntents.create({ amount: 5_000, currency: 'usd', payment_method, confirm: true, ...more });

const tourCustomers = async (stripe: Stripe): Promise<string> => {
  const { id } = await stripe.customers.create({
    email: 'jenny@example.com',
    name: 'Jenny Rosen',
    address: { line1: '1 Main St', city: 'Springfield', country: 'US', postal_code: '12345' },
    metadata: { tenantId: 't', customerId: 'c' },
  });
  await stripe.customers.update(id, { phone: '+15550100', shipping: { name: 'J', address: { line1: '1' } } });
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: id });
  await stripe.paymentMethods.update(method.id, { metadata: { a: 'b' }, card: { exp_month: 5, exp_year: 2040 } });
  await stripe.customers.update(id, { invoice_settings: { default_payment_method: method.id } });
  await stripe.customers.listPaymentMethods(id, { type: 'card' });
  await stripe.paymentMethods.list({ customer: id, limit: 3 });
  await stripe.paymentMethods.retrieve(method.id, { expand: ['customer'] });
  const spare = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_mastercard' } });
  await stripe.paymentMethods.attach(spare.id, { customer: id });
  await stripe.paymentMethods.detach(spare.id);
  const intent = await stripe.setupIntents.create({
    customer: id,
    payment_method: 'pm_card_visa',
    confirm: true,
    usage: 'off_session',
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  });
  await stripe.setupIntents.retrieve(intent.id, { expand: ['payment_method'] });
  await stripe.setupIntents.list({ customer: id });
  await stripe.setupIntents.cancel((await stripe.setupIntents.create({})).id);
  const gone = await stripe.customers.create({});
  await stripe.customers.del(gone.id);
  await stripe.customers.retrieve(gone.id);
  await stripe.customers.list({ email: 'jenny@example.com', limit: 2 });
  return id;
};

/** What a customer put into the payment form, for the server to see and to confirm. */
const tourConfirmationTokens = async (stripe: Stripe, customer: string): Promise<void> => {
  const tokenOf = async (payment_method: string): Promise<string> => {
    const made = await stripe.testHelpers.confirmationTokens.create({
      payment_method,
      return_url: 'https://example.com/back',
      shipping: { name: 'Jenny Rosen', address: { line1: '1 Main St', country: 'US' } },
    });
    return (await stripe.confirmationTokens.retrieve(made.id)).id;
  };
  const confirmed = { confirm: true, customer };
  await stripe.setupIntents.create({ ...confirmed, confirmation_token: await tokenOf('pm_usBankAccount') });
  const waiting = await stripe.setupIntents.create({ customer });
  await stripe.setupIntents.confirm(waiting.id, {
    confirmation_token: await tokenOf('pm_card_authenticationRequired'),
  });
  await stripe.setupIntents.retrieve(waiting.id);
  const token = await tokenOf('pm_card_visa');
  const unpaid = await stripe.paymentIntents.create({ amount: 700, currency: 'usd' });
  await stripe.paymentIntents.confirm(unpaid.id, { confirmation_token: token, use_stripe_sdk: true });
  await stripe.confirmationTokens.retrieve(token);
  await refused(
    stripe.paymentIntents.create({ amount: 700, currency: 'usd', confirm: true, confirmation_token: token }),
  );
  await stripe.accounts.retrieveCurrent();
};

export const tourPayments = async (stripe: Stripe, settle: Settle): Promise<void> => {
  const customer = await tourCustomers(stripe);
  const { data: methods } = await stripe.paymentMethods.list({ customer });
  const paid = await pay(stripe, methods[0]?.id ?? '', {
    customer,
    capture_method: 'automatic',
    metadata: { tenantId: 't', paymentId: 'p' },
    description: 'a payment',
    expand: ['latest_charge.balance_transaction'],
  });
  const charge = (paid.latest_charge as Stripe.Charge).id;
  await stripe.refunds.create({ payment_intent: paid.id, amount: 1_000, reason: 'requested_by_customer' });
  await stripe.charges.retrieve(charge, { expand: ['refunds', 'customer'] });
  await stripe.charges.update(charge, { metadata: { a: 'b' } });
  await stripe.charges.list({ payment_intent: paid.id });
  await stripe.refunds.list({ payment_intent: paid.id, expand: ['data.balance_transaction'] });
  const held = await pay(stripe, 'pm_card_visa', {
    capture_method: 'manual',
    payment_method_options: { card: { request_multicapture: 'if_available' } },
  });
  await stripe.paymentIntents.capture(held.id, { amount_to_capture: 2_000, final_capture: false });
  await stripe.paymentIntents.capture(held.id, { amount_to_capture: 1_000 });
  const canceled = await pay(stripe, 'pm_card_visa', { capture_method: 'manual' });
  await stripe.paymentIntents.cancel(canceled.id, { cancellation_reason: 'requested_by_customer' });
  const secured = await pay(stripe, 'pm_card_authenticationRequired', { return_url: 'https://example.com/back' });
  await stripe.paymentIntents.retrieve(secured.id, { expand: ['payment_method'] });
  await refused(pay(stripe, 'pm_card_chargeDeclined'));
  await pay(stripe, 'pm_usBankAccount');
  const unconfirmed = await stripe.paymentIntents.create({ amount: 700, currency: 'usd' });
  await stripe.paymentIntents.update(unconfirmed.id, { amount: 800 });
  await stripe.paymentIntents.confirm(unconfirmed.id, {
    payment_method: 'pm_card_refundFail',
    return_url: 'https://example.com',
  });
  const failing = await stripe.refunds.create({ payment_intent: unconfirmed.id });
  const pending = await stripe.refunds.create({ payment_intent: (await pay(stripe, 'pm_card_pendingRefund')).id });
  await stripe.refunds.cancel(pending.id);
  await settle();
  await stripe.refunds.retrieve(failing.id, { expand: ['failure_balance_transaction', 'charge'] });
  await stripe.refunds.update(failing.id, { metadata: { a: 'b' } });
  await stripe.paymentIntents.list({ customer, created: { gte: 1 }, expand: ['data.latest_charge'] });
  await tourConfirmationTokens(stripe, customer);
  await stripe.balanceTransactions.list({ limit: 20 });
  await stripe.balance.retrieve();
  await stripe.events.list({ limit: 5, types: ['charge.refunded', 'refund.created'] });
};

export const tourDisputes = async (stripe: Stripe, settle: Settle): Promise<void> => {
  const cards = ['createDispute', 'createDisputeProductNotReceived', 'createDisputeInquiry', 'createIssuerFraudRecord'];
  for (const card of cards) await pay(stripe, `pm_card_${card}`);
  await settle();
  const { data: disputes } = await stripe.disputes.list({ limit: 3, expand: ['data.charge'] });
  const answers = ['escalate_inquiry_evidence', 'winning_evidence', 'losing_evidence'];
  for (const [index, { id }] of disputes.entries()) {
    await stripe.disputes.update(id, {
      evidence: { customer_name: 'Jenny Rosen' },
      submit: false,
      metadata: { a: 'b' },
    });
    await stripe.disputes.update(id, { evidence: { uncategorized_text: answers[index] ?? '' }, submit: true });
  }
  await settle();
  for (const { id } of disputes) await stripe.disputes.retrieve(id, { expand: ['payment_intent'] });
  await stripe.disputes.close(disputes[0]?.id ?? '');
  const { data: warnings } = await stripe.radar.earlyFraudWarnings.list({ limit: 1 });
  await stripe.radar.earlyFraudWarnings.retrieve(warnings[0]?.id ?? '', { expand: ['charge'] });
  const doubtful = await pay(stripe, 'pm_card_riskLevelElevated', { expand: ['review'] });
  await stripe.reviews.list({ limit: 2 });
  await stripe.reviews.approve((doubtful.review as Stripe.Review).id, { expand: ['charge'] });
};

export const tourAccounts = async (stripe: Stripe, settle: Settle): Promise<void> => {
  const account = await stripe.accounts.create({
    type: 'custom',
    country: 'US',
    email: 'seller@example.com',
    capabilities: { card_payments: { requested: true }, transfers: { requested: true } },
    metadata: { tenantId: 't' },
  });
  const as = { stripeAccount: account.id };
  await stripe.accounts.update(account.id, {
    business_type: 'company',
    company: { name: 'Sellers' },
    business_profile: { url: 'https://example.com', mcc: '5734' },
    external_account: 'btok_us_noAccount',
    tos_acceptance: { date: 1_760_000_000, ip: '127.0.0.1' },
  });
  await stripe.accounts.retrieve(account.id);
  await stripe.accounts.list({ limit: 1 });
  await pay(stripe, 'pm_card_bypassPending', { amount: 50_000, capture_method: 'automatic' });
  const transfer = await stripe.transfers.create({ amount: 10_000, currency: 'usd', destination: account.id });
  await stripe.transfers.retrieve(transfer.id, { expand: ['balance_transaction'] });
  await stripe.transfers.list({ destination: account.id });
  const failing = await stripe.payouts.create({ amount: 4_000, currency: 'usd', metadata: { payoutId: 'p' } }, as);
  const canceled = await stripe.payouts.create({ amount: 1_000, currency: 'usd' }, as);
  await stripe.payouts.cancel(canceled.id, {}, as);
  const paid = await stripe.payouts.create({ amount: 2_000, currency: 'usd', method: 'standard' });
  await settle();
  await stripe.payouts.retrieve(failing.id, { expand: ['failure_balance_transaction'] }, as);
  await stripe.payouts.update(paid.id, { metadata: { a: 'b' } });
  await stripe.payouts.list({ status: 'paid', created: { gte: 1 } });
  await stripe.balance.retrieve({}, as);
  await stripe.balanceTransactions.list({}, as);
  await stripe.events.list({ type: 'payout.*' }, as);
  await stripe.accounts.reject(account.id, { reason: 'other' });
  await stripe.accounts.del(account.id);
};

export const tourWebhooks = async (stripe: Stripe): Promise<void> => {
  const url = 'https://example.com/webhooks/stripe';
  const { id } = await stripe.webhookEndpoints.create({ url, enabled_events: ['charge.refunded'], connect: false });
  await stripe.webhookEndpoints.update(id, { enabled_events: ['*'], disabled: true, metadata: { a: 'b' } });
  await stripe.webhookEndpoints.retrieve(id);
  await stripe.webhookEndpoints.list({ limit: 3 });
  await stripe.webhookEndpoints.del(id);
};

/** Requests that have a parameter too many, or one that cannot be. */
export const tourRefusals = async (stripe: Stripe): Promise<void> => {
  const nonsense = { colour: 'blue' } as object;
  await refused(stripe.customers.create({ ...nonsense }));
  await refused(stripe.paymentIntents.create({ amount: 500, currency: 'usd', ...nonsense }));
  await refused(stripe.refunds.create({ payment_intent: 'pi_none', ...nonsense }));
  await refused(stripe.payouts.create({ amount: 500, currency: 'usd', ...nonsense }));
  await refused(stripe.transfers.create({ amount: 500, currency: 'usd', destination: 'acct_1', ...nonsense }));
  await refused(stripe.webhookEndpoints.create({ url: 'https://example.com', enabled_events: ['*'], ...nonsense }));
  await refused(stripe.charges.retrieve('ch_none'));
};
