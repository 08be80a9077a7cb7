import { answers, lists, shows } from '../http/endpoint.js';
import { created, pageOfKind } from '../http/pages.js';
import { presentAccount } from '../objects/accounts.js';
import { accountUpdated, platformBankAccount, testBankAccounts, testBankTokens } from '../payments/accounts.js';
import { currencyOf } from '../payments/currencies.js';
import type { AccountRecord, BankAccountRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { accountInvalid, invalidParameter, refused } from '../wire/errors.js';
import type { Form, FormValue } from '../wire/form.js';
import type { Reader } from '../wire/params.js';
import {
  anyHash,
  boolean,
  hash,
  integer,
  mergeMetadata,
  metadata,
  oneOf,
  string,
  stringUpTo,
  unsettable,
  unsupported,
} from '../wire/params.js';

const notHere = unsupported('accounts tell what they are with the account itself');

const bankNumber: Reader<string> = (raw, param) => {
  const number = string(raw, param);
  if (testBankAccounts.has(number)) return number;
  throw invalidParameter(param, 'You must use a test bank account number in test mode.', 'account_number_invalid');
};

const bankAccount = hash(
  {
    account_holder_name: string,
    account_holder_type: oneOf('company', 'individual'),
    account_number: bankNumber,
    account_type: oneOf('checking', 'savings', 'futsu', 'toza'),
    country: stringUpTo(2),
    currency: string,
    object: oneOf('bank_account'),
    routing_number: string,
  },
  ['account_number', 'country'],
);

/** A token, or a bank account in place. */
const externalAccount: Reader<ReturnType<typeof bankAccount>> = (raw, param) => {
  if (typeof raw !== 'string') return bankAccount(raw, param);
  const account_number = testBankTokens.get(raw);
  if (account_number !== undefined) return { account_number, country: 'US', currency: 'usd' };
  throw invalidParameter(param, `No such token: '${raw.slice(0, 80)}'`, 'resource_missing');
};

const capabilities: Reader<Record<string, boolean>> = (raw, param) => {
  const form = anyHash(raw, param);
  const wish = hash({ requested: boolean }, ['requested']);
  return Object.fromEntries(
    Object.entries(form).map(([name, value]) => [name, wish(value, `${param}[${name}]`).requested]),
  );
};

const changing = {
  account_token: notHere,
  business_profile: anyHash,
  business_type: oneOf('company', 'government_entity', 'individual', 'non_profit'),
  capabilities,
  company: anyHash,
  default_currency: string,
  documents: anyHash,
  email: string,
  external_account: unsettable(externalAccount),
  groups: anyHash,
  individual: anyHash,
  metadata,
  settings: anyHash,
  tos_acceptance: hash({ date: integer, ip: string, service_agreement: string, user_agent: string }),
};
type Change = { [K in keyof typeof changing]?: ReturnType<(typeof changing)[K]> };

const creating = {
  ...changing,
  controller: anyHash,
  country: stringUpTo(2),
  type: oneOf('custom', 'express', 'standard'),
};

/** Names of what a hash tells, `individual.first_name`: not what it says. */
const toldBy = (name: string, form: Form | undefined): string[] =>
  Object.entries(form ?? {})
    .filter(([, value]) => value !== '')
    .map(([field]) => `${name}.${field}`);

const textsOf = (form: Form | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(form ?? {}).filter((entry): entry is [string, string & FormValue] => typeof entry[1] === 'string'),
  );

const bankAccountFrom = (
  work: Work,
  given: NonNullable<Change['external_account']>,
  fallback: string,
): BankAccountRecord => {
  const { account_number, account_type: _, object: _object, currency, ...rest } = given;
  const failure_code = testBankAccounts.get(account_number);
  return {
    ...rest,
    id: `ba_${work.newId('account').slice('acct_'.length)}`,
    currency: currency === undefined ? fallback : currencyOf(currency),
    last4: account_number.slice(-4),
    ...(failure_code !== undefined && { failure_code }),
  };
};

/** `account` with what the parameters say of it. */
const applied = (work: Work, account: AccountRecord, params: Change): AccountRecord => {
  const { external_account: bank, business_profile, company, tos_acceptance } = params;
  const told = new Set([
    ...account.told,
    ...toldBy('business_profile', business_profile),
    ...toldBy('company', company),
    ...toldBy('individual', params.individual),
    ...Object.keys(tos_acceptance ?? {}).map((field) => `tos_acceptance.${field}`),
    ...(params.business_type === undefined ? [] : ['business_type']),
    ...(bank ? ['external_account'] : []),
  ]);
  if (bank === null) told.delete('external_account');
  const profile = { ...account.business_profile, ...textsOf(business_profile) };
  const { name: company_name = account.company_name } = textsOf(company);
  const default_currency =
    params.default_currency === undefined ? account.default_currency : currencyOf(params.default_currency);
  return {
    ...account,
    metadata: mergeMetadata(account.metadata, params.metadata),
    email: params.email ?? account.email,
    business_type: params.business_type ?? account.business_type,
    capabilities: { ...account.capabilities, ...params.capabilities },
    tos_acceptance: tos_acceptance ? { ...account.tos_acceptance, ...tos_acceptance } : account.tos_acceptance,
    business_profile: profile,
    company_name,
    default_currency,
    told: [...told].sort(),
    bank_account:
      bank === null ? undefined : bank ? bankAccountFrom(work, bank, default_currency) : account.bank_account,
  };
};

const currencies: Readonly<Record<string, string>> = {
  US: 'usd',
  GB: 'gbp',
  JP: 'jpy',
  CA: 'cad',
  CH: 'chf',
  AU: 'aud',
};

const create = (work: Work, params: { [K in keyof typeof creating]?: ReturnType<(typeof creating)[K]> }) => {
  if (params.type !== undefined && params.controller !== undefined) {
    throw invalidParameter('controller', 'You may only specify one of these parameters: type, controller.');
  }
  const country = (params.country ?? 'US').toUpperCase();
  const account: AccountRecord = applied(
    work,
    {
      id: work.newId('account'),
      created: work.now,
      type: params.type ?? (params.controller === undefined ? 'standard' : 'none'),
      country,
      default_currency: currencies[country] ?? 'eur',
      metadata: {},
      told: [],
      capabilities: {},
    },
    params,
  );
  return work.save('account', account);
};

/** Throws account_invalid. */
const connected = (work: Work, id: string): AccountRecord => {
  const account = work.find('account', id);
  if (!account || account.deleted) throw accountInvalid();
  return account;
};

const update = (work: Work, params: Change, id: string): AccountRecord => {
  const before = connected(work, id);
  const account = work.save('account', applied(work, before, params));
  const shown = [presentAccount(before), presentAccount(account)].map((each) => new Map(Object.entries(each)));
  const [was, is] = shown;
  const changed = [...(was ?? [])].filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(is?.get(field)));
  accountUpdated(work, account, Object.fromEntries(changed));
  return account;
};

/** Keeps an account from everything, or lets it again. */
const control = (
  work: Work,
  params: { disabled_reason?: string | null; requirements?: string | null },
  id: string,
): AccountRecord => {
  const account = connected(work, id);
  const { disabled_reason = account.disabled_reason, requirements } = params;
  const changed = work.save('account', {
    ...account,
    disabled_reason: disabled_reason ?? undefined,
    more_requirements: requirements === undefined ? account.more_requirements : (requirements?.split(',') ?? []),
  });
  accountUpdated(work, changed);
  return changed;
};

/** Whose key it is. */
const presentPlatform = (id: string) =>
  presentAccount({
    id,
    created: 0,
    type: 'standard',
    country: 'US',
    default_currency: 'usd',
    metadata: {},
    business_type: 'company',
    told: [
      'business_profile.url',
      'business_type',
      'company.name',
      'external_account',
      'tos_acceptance.date',
      'tos_acceptance.ip',
    ],
    capabilities: { card_payments: true, transfers: true },
    bank_account: platformBankAccount,
  });

const rejecting = { reason: oneOf('fraud', 'other', 'terms_of_service') };
const controlling = { disabled_reason: unsettable(string), requirements: unsettable(string) };

const base = '/v1/accounts';

export const accounts = [
  answers('GET', '/v1/account', {
    takes: {},
    run: (work) =>
      work.account === undefined ? presentPlatform(work.platform) : presentAccount(work.get('account', work.account)),
  }),
  shows('account', 'POST', base, { takes: creating, run: create }),
  shows('account', 'GET', `${base}/:id`, { takes: {}, run: (work, _params, id) => connected(work, id) }),
  shows('account', 'POST', `${base}/:id`, { takes: changing, run: update }),
  shows('account', 'DELETE', `${base}/:id`, {
    takes: {},
    run: (work, _params, id) => work.save('account', { ...connected(work, id), deleted: true }),
  }),
  shows('account', 'POST', `${base}/:id/reject`, {
    takes: rejecting,
    requires: ['reason'],
    run: (work, params, id) => {
      const account = connected(work, id);
      if (account.disabled_reason?.startsWith('rejected.')) throw refused(`Account ${id} is rejected already.`);
      const rejected = work.save('account', { ...account, disabled_reason: `rejected.${params.reason}` });
      accountUpdated(work, rejected);
      return rejected;
    },
  }),
  lists('account', base, {
    takes: { created },
    run: (work, params) => pageOfKind(work, 'account', params, { keep: (account) => !account.deleted }),
  }),
  shows('account', 'POST', '/sandbox/accounts/:id', {
    takes: controlling,
    run: control,
  }),
];
