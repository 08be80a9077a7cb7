/** Parameters that intents to pay and intents to set up share. */
import { acceptedMethodTypes } from '../objects/intents.js';
import { connectedTestAccount, testAccountByNumber, testBank } from '../payments/test-accounts.js';
import { invalidParameter } from '../wire/errors.js';
import type { Reader, Shape } from '../wire/params.js';
import {
  address,
  anyHash,
  boolean,
  hash,
  integer,
  listOf,
  metadata,
  oneOf,
  string,
  unsettable,
  unsupported,
} from '../wire/params.js';

/** Types of payment method that Stripe knows and this account has not turned on. */
export const otherMethodTypes = (
  'acss_debit affirm afterpay_clearpay alipay alma amazon_pay au_becs_debit bacs_debit bancontact billie bizum blik boleto ' +
  'card_present cashapp crypto custom customer_balance eps fpx giropay grabpay ideal interac_present kakao_pay klarna konbini ' +
  'kr_card link mb_way mobilepay multibanco naver_pay nz_bank_account oxxo p24 pay_by_bank payco paynow paypal paypay payto ' +
  'pix promptpay revolut_pay samsung_pay satispay scalapay sepa_debit sequra sofort sunbit swish twint upi wechat_pay zip'
).split(' ');
const knownTypes: ReadonlySet<string> = new Set([...acceptedMethodTypes, ...otherMethodTypes]);

const methodType: Reader<string> = (raw, param) => {
  const type = string(raw, param);
  if (knownTypes.has(type)) return type;
  throw invalidParameter(param, `Invalid ${param}: ${type.slice(0, 40)} is not a type of payment method.`);
};

const activeMethodType: Reader<string> = (raw, param) => {
  const type = methodType(raw, param);
  if (acceptedMethodTypes.some((each) => each === type)) return type;
  throw invalidParameter(
    param,
    `The payment method type "${type}" is invalid. Please ensure the provided type is activated in your dashboard and your ` +
      `account is enabled for any preview features that you are trying to use.`,
    'payment_intent_invalid_parameter',
  );
};

export const allowedTypes = listOf(activeMethodType);
export const excludedTypes = listOf(methodType);

export const automaticPaymentMethods = hash({ enabled: boolean, allow_redirects: oneOf('always', 'never') }, [
  'enabled',
]);

/** A shape for each type that is not turned on: taken only to be refused, or ignored, by type. */
export const forOtherTypes = (reader: Reader<unknown>): Shape =>
  Object.fromEntries(otherMethodTypes.map((type) => [type, reader]));

/** Sent by clients that offer many types at once; what is not turned on has no effect. */
export const ignoredOptions = forOtherTypes(unsettable(anyHash));

const offOrOnSession = oneOf('off_session', 'on_session');
const notCards = unsupported('it needs an agreement with Stripe');

export const cardOptions = {
  capture_method: unsettable(oneOf('manual')),
  cvc_token: string,
  installments: hash({ enabled: boolean, plan: unsettable(anyHash) }),
  mandate_options: anyHash,
  moto: notCards,
  network: string,
  request_extended_authorization: oneOf('if_available', 'never'),
  request_incremental_authorization: oneOf('if_available', 'never'),
  request_multicapture: oneOf('if_available', 'never'),
  request_overcapture: oneOf('if_available', 'never'),
  request_three_d_secure: oneOf('any', 'automatic', 'challenge'),
  require_cvc_recollection: boolean,
  setup_credential_usage: string,
  setup_future_usage: unsettable(oneOf('none', 'off_session', 'on_session')),
  statement_descriptor_suffix_kana: unsettable(string),
  statement_descriptor_suffix_kanji: unsettable(string),
  stored_credential_usage: string,
  three_d_secure: unsupported('external 3D Secure results are not verified here'),
};

const financialConnections = hash({
  filters: anyHash,
  permissions: listOf(oneOf('balances', 'ownership', 'payment_method', 'transactions')),
  prefetch: listOf(oneOf('balances', 'ownership', 'transactions')),
  return_url: string,
});

const bankOptions = {
  financial_connections: financialConnections,
  mandate_options: anyHash,
  networks: hash({ requested: listOf(string) }),
  setup_future_usage: unsettable(oneOf('none', 'off_session', 'on_session')),
  target_date: string,
  transaction_purpose: unsettable(string),
  verification_method: oneOf('automatic', 'instant', 'microdeposits'),
};

export const methodOptions = hash({
  ...ignoredOptions,
  card: unsettable(hash(cardOptions)),
  us_bank_account: unsettable(hash(bankOptions)),
});

/** `options` after `change`, type by type; null unsets a type or an option. */
export const mergeOptions = (
  options: Record<string, unknown> | undefined,
  change: Record<string, unknown> | undefined,
): Record<string, unknown> | undefined => {
  if (change === undefined) return options;
  const merged: Record<string, unknown> = { ...options };
  for (const [type, value] of Object.entries(change)) {
    const fields = { ...(merged[type] as object | undefined), ...(value as object | null) };
    merged[type] = Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== null));
    if (value === null) merged[type] = {};
  }
  return merged;
};

export const billingDetails = hash({
  address: unsettable(address),
  email: unsettable(string),
  name: unsettable(string),
  phone: unsettable(string),
  tax_id: string,
});

export const allowRedisplay = oneOf('always', 'limited', 'unspecified');

const accountNumber: Reader<string> = (raw, param) => {
  const number = string(raw, param);
  if (testAccountByNumber(number) !== undefined) return number;
  throw invalidParameter(param, 'You must use a test bank account number in test mode.', 'account_number_invalid');
};
const routingNumber: Reader<string> = (raw, param) => {
  const number = string(raw, param);
  if (number === testBank.routing_number) return number;
  throw invalidParameter(param, 'You must use a test routing number in test mode.', 'routing_number_invalid');
};

const connectedAccount: Reader<string> = (raw, param) => {
  const id = string(raw, param);
  if (connectedTestAccount(id) !== undefined) return id;
  throw invalidParameter(param, `No such financialconnections.account: '${id.slice(0, 80)}'`, 'resource_missing');
};

export const bankAccount = hash({
  account_holder_type: oneOf('company', 'individual'),
  account_number: accountNumber,
  account_type: oneOf('checking', 'savings'),
  financial_connections_account: connectedAccount,
  routing_number: routingNumber,
});

const notActivated = unsupported('this type of payment method is not activated');

/** A payment method given in place, as for the bank account of a debit. Cards come as tokens. */
export const methodData = hash(
  {
    ...forOtherTypes(notActivated),
    allow_redisplay: allowRedisplay,
    billing_details: billingDetails,
    metadata,
    radar_options: hash({ session: string }),
    type: oneOf('us_bank_account'),
    us_bank_account: bankAccount,
  },
  ['type'],
);

const acceptance = hash(
  {
    accepted_at: integer,
    offline: anyHash,
    online: hash({ ip_address: string, user_agent: string }),
    type: oneOf('offline', 'online'),
  },
  ['type'],
);
export const mandateData = unsettable(hash({ customer_acceptance: acceptance }, ['customer_acceptance']));

export const futureUsage = offOrOnSession;
export const noConnect = unsupported('connected accounts come later');
export const noAccounts = unsupported('customers here are customers, not accounts');
