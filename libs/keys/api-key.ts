import type { Environment } from './key-management.js';

/** How a key of Stripe's API begins: secret or restricted, for tests or live. No secret, so it may be stored and shown in clear. */
export type ApiKeyForm = 'sk_test' | 'rk_test' | 'sk_live' | 'rk_live';

/** One line of text that could be sent in a header, and no more of it than any key has. */
const apiKey = /^((?:sk|rk)_(?:test|live))_[A-Za-z0-9_]{1,250}$/;

/** The form of a key; undefined for what is no key of Stripe's API. */
export const apiKeyForm = (key: string): ApiKeyForm | undefined => apiKey.exec(key)?.[1] as ApiKeyForm | undefined;

/** Whether production may use it, or everything else: a test key charges nobody, and a live one charges real cards. */
export const mayBeUsedIn = (environment: Environment, form: ApiKeyForm): boolean =>
  form.endsWith('_live') === (environment === 'production');
