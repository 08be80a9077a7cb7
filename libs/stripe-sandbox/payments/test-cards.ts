/**
 * Stripe's published test cards by the names of their tokens, `pm_card_NAME` and `tok_NAME`, and how each behaves.
 * https://docs.stripe.com/testing
 */
import type { ErrorDetails } from '../wire/errors.js';

export type Decline = Pick<
  ErrorDetails,
  'message' | 'code' | 'decline_code' | 'advice_code' | 'network_decline_code'
> & {
  code: string;
  /** Radar stops it; the bank is not asked. */
  blocked?: true;
};

export interface TestCard {
  number: string;
  brand: string;
  funding: 'credit' | 'debit' | 'prepaid';
  country: string;
  /** Declines each charge. */
  declines?: Decline;
  /** It can be attached to a customer although its charges are declined. */
  attachable?: true;
  /** When 3D Secure is asked for. `unless_set_up`: off-session payments go through once it has been set up. */
  authentication?: 'always' | 'unless_set_up' | 'set_up' | 'optional' | 'unsupported';
  refunds?: 'fail_later' | 'succeed_later';
  /** Payments are available at once. */
  bypassesPending?: true;
  checks?: { cvc_check?: string; address_line1_check?: string; address_postal_code_check?: string };
  risk?: 'elevated' | 'highest';
  /** What its holder says to the bank about a charge once it is captured. */
  disputes?: { reason: string; inquiry?: true };
  /** Its bank tells of fraud before there is a dispute. */
  warns?: true;
}

const declined = (decline_code: string, message = 'Your card was declined.', more: Partial<Decline> = {}): Decline => ({
  code: 'card_declined',
  decline_code,
  message,
  ...more,
});

export const genericDecline = declined('generic_decline', undefined, { advice_code: 'try_again_later' });
export const authenticationRequired: Decline = {
  code: 'authentication_required',
  decline_code: 'authentication_required',
  message: 'Your card was declined. This transaction requires authentication.',
};
const insufficientFunds = declined('insufficient_funds', 'Your card has insufficient funds.', {
  advice_code: 'try_again_later',
});

const visa = (number: string, more: Partial<TestCard> = {}): TestCard => ({
  number,
  brand: 'visa',
  funding: 'credit',
  country: 'US',
  ...more,
});

const brands: Record<string, TestCard> = {
  visa: visa('4242424242424242'),
  visa_debit: visa('4000056655665556', { funding: 'debit' }),
  mastercard: visa('5555555555554444', { brand: 'mastercard' }),
  mastercard_debit: visa('5200828282828210', { brand: 'mastercard', funding: 'debit' }),
  mastercard_prepaid: visa('5105105105105100', { brand: 'mastercard', funding: 'prepaid' }),
  amex: visa('378282246310005', { brand: 'amex' }),
  discover: visa('6011111111111117', { brand: 'discover' }),
  diners: visa('3056930009020004', { brand: 'diners' }),
  jcb: visa('3566002020360505', { brand: 'jcb', country: 'JP' }),
  unionpay: visa('6200000000000005', { brand: 'unionpay', country: 'CN' }),
  mastercard_series2: visa('2223003122003222', { brand: 'mastercard' }),
  amex_other: visa('371449635398431', { brand: 'amex' }),
  discover_other: visa('6011000990139424', { brand: 'discover' }),
  diners_14digits: visa('36227206271667', { brand: 'diners' }),
  unionpay_19digits: visa('6205500000000000004', { brand: 'unionpay', country: 'CN' }),
};

/** `pm_card_gb` and the like: a card issued in that country. */
const countries: Record<string, string> = {
  us: '4242424242424242', ar: '4000000320000021', br: '4000000760000002', ca: '4000001240000000', cl: '4000001520000001',
  co: '4000001700000003', cr: '4000001880000005', ec: '4000002180000000', mx: '4000004840008001', pa: '4000005910000000',
  py: '4000006000000066', pe: '4000006040000068', uy: '4000008580000003', ae: '4000007840000001', at: '4000000400000008',
  be: '4000000560000004', bg: '4000001000000000', by: '4000001120000005', hr: '4000001910000009', cy: '4000001960000008',
  cz: '4000002030000002', dk: '4000002080000001', ee: '4000002330000009', fi: '4000002460000001', fr: '4000002500000003',
  de: '4000002760000016', gi: '4000002920000005', gr: '4000003000000030', hu: '4000003480000005', ie: '4000003720000005',
  it: '4000003800000008', lv: '4000004280000005', li: '4000004380000004', lt: '4000004400000000', lu: '4000004420000006',
  mt: '4000004700000007', nl: '4000005280000002', no: '4000005780000007', pl: '4000006160000005', pt: '4000006200000007',
  ro: '4000006420000001', sa: '4000006820000007', si: '4000007050000006', sk: '4000007030000001', es: '4000007240000007',
  se: '4000007520000008', ch: '4000007560000009', gb: '4000008260000000', au: '4000000360000006', cn: '4000001560000002',
  hk: '4000003440000004', in: '4000003560000008', jp: '4000003920000003', my: '4000004580000002', nz: '4000005540000008',
  sg: '4000007020000003', tw: '4000001580000008',
}; // prettier-ignore

const declining: Record<string, TestCard> = {
  chargeDeclined: visa('4000000000000002', { declines: genericDecline }),
  chargeDeclinedInsufficientFunds: visa('4000000000009995', { declines: insufficientFunds }),
  chargeDeclinedLostCard: visa('4000000000009987', { declines: declined('lost_card') }),
  chargeDeclinedStolenCard: visa('4000000000009979', { declines: declined('stolen_card') }),
  chargeDeclinedExpiredCard: visa('4000000000000069', {
    declines: { code: 'expired_card', decline_code: 'expired_card', message: 'Your card has expired.' },
  }),
  chargeDeclinedIncorrectCvc: visa('4000000000000127', {
    declines: {
      code: 'incorrect_cvc',
      decline_code: 'incorrect_cvc',
      message: "Your card's security code is incorrect.",
    },
    checks: { cvc_check: 'fail' },
  }),
  chargeDeclinedProcessingError: visa('4000000000000119', {
    declines: {
      code: 'processing_error',
      decline_code: 'processing_error',
      message: 'An error occurred while processing your card. Try again in a little bit.',
      advice_code: 'try_again_later',
    },
  }),
  chargeDeclinedVelocityLimitExceeded: visa('4000000000006975', {
    declines: declined(
      'card_velocity_exceeded',
      'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
    ),
  }),
  chargeDeclinedFraudulent: visa('4100000000000019', {
    declines: declined('fraudulent', undefined, { blocked: true }),
    attachable: true,
    risk: 'highest',
  }),
  chargeCustomerFail: visa('4000000000000341', { declines: genericDecline, attachable: true }),
};

const authenticating: Record<string, TestCard> = {
  authenticationRequired: visa('4000002760003184', { authentication: 'always', country: 'DE' }),
  authenticationRequiredOnSetup: visa('4000002500003155', { authentication: 'unless_set_up', country: 'FR' }),
  authenticationRequiredSetupForOffSession: visa('4000003800000446', { authentication: 'set_up', country: 'IT' }),
  authenticationRequiredChargeDeclinedInsufficientFunds: visa('4000008260003178', {
    authentication: 'always',
    country: 'GB',
    declines: insufficientFunds,
    attachable: true,
  }),
  threeDSecure2Required: visa('4000000000003220', { authentication: 'always', country: 'IE' }),
  threeDSecureRequired: visa('4000000000003063', { authentication: 'always' }),
  threeDSecureRequiredChargeDeclined: visa('4000008400001629', {
    authentication: 'always',
    declines: genericDecline,
    attachable: true,
  }),
  threeDSecureOptional: visa('4000000000003055', { authentication: 'optional' }),
  threeDSecureNotSupported: visa('378282246310005', { brand: 'amex', authentication: 'unsupported' }),
};

const others: Record<string, TestCard> = {
  gb_debit: visa('4000058260000005', { country: 'GB', funding: 'debit' }),
  th_credit: visa('4000007640000003', { country: 'TH' }),
  th_debit: visa('4000057640000008', { country: 'TH', funding: 'debit' }),
  refundFail: visa('4000000000005126', { refunds: 'fail_later' }),
  pendingRefund: visa('4000000000007726', { refunds: 'succeed_later' }),
  bypassPending: visa('4000000000000077', { bypassesPending: true }),
  createDispute: visa('4000000000000259', { disputes: { reason: 'fraudulent' } }),
  createDisputeProductNotReceived: visa('4000000000002685', { disputes: { reason: 'product_not_received' } }),
  createDisputeInquiry: visa('4000000000001976', { disputes: { reason: 'fraudulent', inquiry: true } }),
  createIssuerFraudRecord: visa('4000000000005423', { warns: true }),
  cvcCheckFail: visa('4000000000000101', { checks: { cvc_check: 'fail' } }),
  avsFail: visa('4000000000000010', {
    checks: { address_line1_check: 'fail', address_postal_code_check: 'fail' },
  }),
  avsZipFail: visa('4000000000000036', { checks: { address_postal_code_check: 'fail' } }),
  avsLine1Fail: visa('4000000000000028', { checks: { address_line1_check: 'fail' } }),
  avsUnchecked: visa('4000000000000044', {
    checks: { address_line1_check: 'unavailable', address_postal_code_check: 'unavailable' },
  }),
  riskLevelElevated: visa('4000000000009235', { risk: 'elevated' }),
  riskLevelHighest: visa('4000000000004954', { risk: 'highest' }),
};

const cards: ReadonlyMap<string, TestCard> = new Map([
  ...Object.entries(brands),
  ...Object.entries(countries).map(([country, number]): [string, TestCard] => [
    country,
    visa(number, { country: country.toUpperCase() }),
  ]),
  ...Object.entries(declining),
  ...Object.entries(declining).map(([name, card]): [string, TestCard] => [`visa_${name}`, card]),
  ...Object.entries(authenticating),
  ['amex_threeDSecureNotSupported', visa('378282246310005', { brand: 'amex', authentication: 'unsupported' })],
  ...Object.entries(others),
]);

/** The card that `token` (`pm_card_visa`, `tok_visa`) stands for, by its name in the table. */
export const testCardNamed = (token: string): string | undefined => {
  const name = token.startsWith('pm_card_') ? token.slice(8) : token.startsWith('tok_') ? token.slice(4) : undefined;
  return name !== undefined && cards.has(name) ? name : undefined;
};

/** Throws for a name that is not in the table. */
export const testCard = (name: string): TestCard => {
  const card = cards.get(name);
  if (!card) throw new Error(`There is no test card '${name}'`);
  return card;
};

export const testCardNames = (): string[] => [...cards.keys()];

/** The first name of each number. */
const byNumber: ReadonlyMap<string, string> = new Map([...cards].reverse().map(([name, { number }]) => [number, name]));

/** The test card with this number (digits alone), by its name in the table. */
export const testCardByNumber = (number: string): string | undefined => byNumber.get(number);
