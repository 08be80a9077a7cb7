/** Connected accounts, transfers to them and payouts as the API shows them. */
import { isActive, requirementsOf } from '../payments/accounts.js';
import type { AccountRecord, BankAccountRecord, PayoutRecord, TransferRecord } from '../state/records.js';
import { fingerprintOf } from './payment-method.js';

const presentBankAccount = (account: string, bank: BankAccountRecord) => ({
  id: bank.id,
  object: 'bank_account',
  account,
  account_holder_name: bank.account_holder_name ?? null,
  account_holder_type: bank.account_holder_type ?? null,
  account_type: null,
  available_payout_methods: ['standard'],
  bank_name: 'STRIPE TEST BANK',
  country: bank.country,
  currency: bank.currency,
  default_for_currency: true,
  fingerprint: fingerprintOf(`${bank.country} ${bank.last4}`),
  future_requirements: { currently_due: [], errors: [], past_due: [], pending_verification: [] },
  last4: bank.last4,
  metadata: {},
  requirements: { currently_due: [], errors: [], past_due: [], pending_verification: [] },
  routing_number: bank.routing_number ?? null,
  status: bank.failure_code === undefined ? 'new' : 'errored',
});

const presentRequirements = (account: AccountRecord) => {
  const due = requirementsOf(account);
  const disabled = account.disabled_reason ?? (due.length > 0 ? 'requirements.past_due' : null);
  return {
    alternatives: [],
    current_deadline: null,
    currently_due: due,
    disabled_reason: disabled,
    errors: [],
    eventually_due: due,
    past_due: due,
    pending_verification: [],
  };
};

const nothingRequired = {
  alternatives: [],
  current_deadline: null,
  currently_due: [],
  disabled_reason: null,
  errors: [],
  eventually_due: [],
  past_due: [],
  pending_verification: [],
};

const presentBusinessProfile = (profile: Record<string, string> | undefined) => ({
  annual_revenue: null,
  estimated_worker_count: null,
  mcc: profile?.mcc ?? null,
  minority_owned_business_designation: null,
  name: profile?.name ?? null,
  product_description: profile?.product_description ?? null,
  support_address: null,
  support_email: profile?.support_email ?? null,
  support_phone: profile?.support_phone ?? null,
  support_url: profile?.support_url ?? null,
  url: profile?.url ?? null,
});

const presentSettings = (account: AccountRecord) => ({
  bacs_debit_payments: { display_name: null, service_user_number: null },
  branding: { icon: null, logo: null, primary_color: null, secondary_color: null },
  card_issuing: { tos_acceptance: { date: null, ip: null } },
  card_payments: {
    decline_on: { avs_failure: false, cvc_failure: false },
    statement_descriptor_prefix: null,
    statement_descriptor_prefix_kana: null,
    statement_descriptor_prefix_kanji: null,
  },
  dashboard: { display_name: account.business_profile?.name ?? null, timezone: 'Etc/UTC' },
  payments: { statement_descriptor: null, statement_descriptor_kana: null, statement_descriptor_kanji: null },
  payouts: {
    debit_negative_balances: account.type !== 'custom',
    schedule: { delay_days: 2, interval: 'manual' },
    statement_descriptor: null,
  },
  sepa_debit_payments: {},
});

/** The `account` object; a deleted one is only its id. */
export const presentAccount = (account: AccountRecord) => {
  if (account.deleted) return { id: account.id, object: 'account', deleted: true };
  const status = (capability: string) => (isActive(account, capability) ? 'active' : 'inactive');
  const asked = Object.keys(account.capabilities).filter((name) => account.capabilities[name]);
  return {
    id: account.id,
    object: 'account',
    business_profile: presentBusinessProfile(account.business_profile),
    business_type: account.business_type ?? null,
    capabilities: Object.fromEntries(asked.map((name) => [name, status(name)])),
    charges_enabled: isActive(account, 'card_payments') || isActive(account, 'transfers'),
    ...(account.company_name !== undefined && { company: { name: account.company_name } }),
    controller: {
      fees: { payer: account.type === 'custom' ? 'application_custom' : 'application_express' },
      is_controller: true,
      losses: { payments: 'application' },
      requirement_collection: account.type === 'custom' ? 'application' : 'stripe',
      stripe_dashboard: { type: account.type === 'custom' ? 'none' : 'express' },
      type: 'application',
    },
    country: account.country,
    created: account.created,
    default_currency: account.default_currency,
    details_submitted: requirementsOf({ ...account, more_requirements: [] }).length === 0,
    email: account.email ?? null,
    external_accounts: {
      object: 'list',
      data: account.bank_account ? [presentBankAccount(account.id, account.bank_account)] : [],
      has_more: false,
      url: `/v1/accounts/${account.id}/external_accounts`,
    },
    future_requirements: nothingRequired,
    groups: { payments_pricing: null },
    metadata: account.metadata,
    payouts_enabled: isActive(account, 'transfers') || isActive(account, 'card_payments'),
    requirements: presentRequirements(account),
    settings: presentSettings(account),
    tos_acceptance: { date: null, ip: null, user_agent: null, ...account.tos_acceptance },
    type: account.type,
  };
};

export const presentTransfer = (transfer: TransferRecord) => ({
  id: transfer.id,
  object: 'transfer',
  amount: transfer.amount,
  amount_reversed: 0,
  balance_transaction: transfer.balance_transaction,
  created: transfer.created,
  currency: transfer.currency,
  description: transfer.description ?? null,
  destination: transfer.destination,
  destination_payment: transfer.destination_payment,
  livemode: false,
  metadata: transfer.metadata,
  reversals: { object: 'list', data: [], has_more: false, url: `/v1/transfers/${transfer.id}/reversals` },
  reversed: false,
  source_transaction: null,
  source_type: transfer.source_type ?? 'card',
  transfer_group: transfer.transfer_group ?? null,
});

const failureMessages: Readonly<Record<string, string>> = {
  account_closed: 'The bank account has been closed.',
  invalid_currency: 'The bank was unable to process this payout because of its currency.',
  no_account:
    'The bank account details on file are probably incorrect. No bank account could be located with those details.',
};

export const presentPayout = (payout: PayoutRecord) => ({
  id: payout.id,
  object: 'payout',
  amount: payout.amount,
  application_fee: null,
  application_fee_amount: null,
  arrival_date: payout.arrival_date,
  automatic: false,
  balance_transaction: payout.balance_transaction,
  created: payout.created,
  currency: payout.currency,
  description: payout.description ?? null,
  destination: payout.destination,
  failure_balance_transaction: payout.failure_balance_transaction ?? null,
  failure_code: payout.failure_code ?? null,
  failure_message:
    payout.failure_code === undefined
      ? null
      : (failureMessages[payout.failure_code] ?? 'The bank could not process this payout.'),
  livemode: false,
  metadata: payout.metadata,
  method: payout.method,
  original_payout: null,
  payout_method: null,
  reconciliation_status: 'not_applicable',
  reversed_by: null,
  source_type: payout.source_type,
  statement_descriptor: payout.statement_descriptor ?? null,
  status: payout.status,
  trace_id: null,
  type: 'bank_account',
});
