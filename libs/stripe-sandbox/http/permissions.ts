/**
 * Restricted keys (`rk_test_...`). One says in its own text what it may not do: `rk_test_without_refunds_write_abc` reads refunds and
 * makes none, `rk_test_without_customers_read_without_payouts_write_abc` neither reads nor writes customers and writes no payouts. The names are
 * those of the paths, `/v1/refunds`. Any other restricted key may do everything. https://docs.stripe.com/keys#limit-access
 */
import { forbidden } from '../wire/errors.js';
import type { ApiKey } from './keys.js';
import { shownKey } from './keys.js';

const LIMIT = /without_([a-z]+(?:_[a-z]+)*?)_(read|write)(?=_|$)/g;

/** Stripe's names of permissions, where they are not the resource's. */
const permissionNames: Readonly<Record<string, string>> = {
  accounts: 'accounts_kyc_basic',
  balance_transactions: 'balance_transaction_source',
  early_fraud_warnings: 'radar_early_fraud_warning',
  webhook_endpoints: 'webhook',
};

/** `refunds` for `/v1/refunds/re_1/cancel`, `early_fraud_warnings` for `/v1/radar/early_fraud_warnings`. */
const resourceOf = (path: string): string => {
  const [, , first = '', second = ''] = path.split('/');
  if (first === 'radar' || first === 'test_helpers') return second;
  return first === 'account' ? 'accounts' : first;
};

/** Throws 403 where `key` may not do this, naming the permission that it would need. */
export const assertPermitted = (key: ApiKey, method: string, path: string, account: string): void => {
  if (key.kind !== 'restricted') return;
  const resource = resourceOf(path);
  const wanted = method === 'GET' ? 'read' : 'write';
  const isLacking = [...key.text.matchAll(LIMIT)].some(
    // Who may not read may not write either: a permission is none, read, or write.
    ([, limited, level]) => limited === resource && (level === wanted || level === 'read'),
  );
  if (!isLacking) return;
  const permission = `rak_${permissionNames[resource] ?? resource.replace(/s$/, '')}_${wanted}`;
  throw forbidden(
    `The provided key '${shownKey(key.text)}' does not have the required permissions for this endpoint on account '${account}'. ` +
      `Having the '${permission}' permission would allow this request to continue.`,
  );
};
