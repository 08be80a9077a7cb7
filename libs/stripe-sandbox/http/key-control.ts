/** `/sandbox/keys`: tells the sandbox that a key is no longer good. */
import type { Store } from '../state/store.js';
import { wrongField } from '../wire/json.js';
import { digestOf } from './keys.js';

const MOST_REVOKED = 1_000;

const keyIn = (body: unknown): string => {
  const { revoke } = (body ?? {}) as { revoke?: unknown };
  if (typeof revoke === 'string' && /^[sprk]k_\w{1,250}$/.test(revoke)) return revoke;
  throw wrongField('revoke', 'revoke must be an API key.');
};

/** Undefined for a request that is none of its own. `body` is the parsed JSON of a POST. */
export const controlKeys = (store: Store, method: string, body: unknown): Record<string, unknown> | undefined => {
  if (method === 'POST') {
    if (store.revokedKeys() >= MOST_REVOKED) throw wrongField('revoke', 'No more than 1000 keys can be revoked.');
    store.revokeKey(digestOf(keyIn(body)));
  } else if (method === 'DELETE') store.restoreKeys();
  else if (method !== 'GET') return undefined;
  return { revoked: store.revokedKeys() };
};
