import { createHash } from 'node:crypto';
import { testAccount, testBank } from '../payments/test-accounts.js';
import { testCard } from '../payments/test-cards.js';
import type { BillingDetails, PaymentMethodRecord } from '../state/records.js';
import { presentAddress } from './customer.js';

/** As many as there are test cards. */
const fingerprints = new Map<string, string>();

/** The same for every payment method with this number. */
export const fingerprintOf = (number: string): string => {
  const known = fingerprints.get(number);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(number).digest('base64').replace(/[+/=]/g, 'A').slice(0, 16);
  fingerprints.set(number, digest);
  return digest;
};

/** What a bank account shows of itself in a payment method and in a charge. */
export const presentAccountFacts = (method: Pick<PaymentMethodRecord, 'test'>) => {
  const { number } = testAccount(method.test);
  return {
    bank_name: testBank.bank_name,
    fingerprint: fingerprintOf(number),
    last4: number.slice(-4),
    routing_number: testBank.routing_number,
  };
};

export const presentBillingDetails = (details: BillingDetails | undefined) => ({
  address: presentAddress(details?.address ?? {}),
  email: details?.email ?? null,
  name: details?.name ?? null,
  phone: details?.phone ?? null,
  tax_id: details?.tax_id ?? null,
});

/** What a card shows of itself in a payment method and in a charge. */
export const presentCardFacts = (method: Pick<PaymentMethodRecord, 'test' | 'exp_month' | 'exp_year'>) => {
  const card = testCard(method.test);
  return {
    brand: card.brand,
    country: card.country,
    exp_month: method.exp_month ?? 12,
    exp_year: method.exp_year ?? 2034,
    fingerprint: fingerprintOf(card.number),
    funding: card.funding,
    last4: card.number.slice(-4),
    regulated_status: 'unregulated',
    wallet: null,
  };
};

export const presentCardChecks = (name: string) => ({
  address_line1_check: testCard(name).checks?.address_line1_check ?? null,
  address_postal_code_check: testCard(name).checks?.address_postal_code_check ?? null,
  cvc_check: testCard(name).checks?.cvc_check ?? null,
});

/** What there is to show of a method before it is one: a confirmation token has it too. */
export type ShownMethod = Pick<
  PaymentMethodRecord,
  | 'type'
  | 'test'
  | 'exp_month'
  | 'exp_year'
  | 'billing_details'
  | 'allow_redisplay'
  | 'account_holder_type'
  | 'account_type'
  | 'financial_connections_account'
  | 'customer'
>;

const presentCard = (method: ShownMethod) => {
  const facts = presentCardFacts(method);
  return {
    ...facts,
    checks: presentCardChecks(method.test),
    display_brand: facts.brand,
    generated_from: null,
    networks: { available: [facts.brand], preferred: null },
    three_d_secure_usage: { supported: testCard(method.test).authentication !== 'unsupported' },
  };
};

const presentBankAccount = (method: ShownMethod) => ({
  ...presentAccountFacts(method),
  account_holder_type: method.account_holder_type ?? 'individual',
  account_type: method.account_type ?? 'checking',
  financial_connections_account: method.financial_connections_account ?? null,
  networks: { preferred: 'ach', supported: ['ach'] },
  status_details: {},
});

/** A payment method without what makes it one: its id. */
export const presentMethodPreview = (method: ShownMethod) => ({
  allow_redisplay: method.allow_redisplay ?? 'unspecified',
  billing_details: presentBillingDetails(method.billing_details),
  ...(method.type === 'card' ? { card: presentCard(method) } : { us_bank_account: presentBankAccount(method) }),
  customer: method.customer ?? null,
  customer_account: null,
  type: method.type,
});

export const presentPaymentMethod = (method: PaymentMethodRecord) => ({
  id: method.id,
  object: 'payment_method',
  ...presentMethodPreview(method),
  created: method.created,
  livemode: false,
  metadata: method.metadata,
});
