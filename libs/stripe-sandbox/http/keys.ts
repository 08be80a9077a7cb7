/** API keys, by Bearer or by Basic authentication. https://docs.stripe.com/api/authentication */
import { createHash } from 'node:crypto';
import { PLATFORM_ACCOUNT } from '../state/platform.js';
import { forbidden, unauthorized } from '../wire/errors.js';

const keyIn = (header: string): string => {
  if (header.startsWith('Bearer ')) return header.slice(7).trim();
  if (!header.startsWith('Basic ')) return '';
  const [key] = Buffer.from(header.slice(6), 'base64').toString('utf8').split(':');
  return key ?? '';
};

/** Test keys look like these. */
const TEST_KEY = /^(sk|rk|pk)_test_[0-9A-Za-z_]{1,200}$/;

export interface ApiKey {
  kind: 'secret' | 'restricted' | 'publishable';
  text: string;
}

const kinds = { sk: 'secret', rk: 'restricted', pk: 'publishable' } as const;

/** As Stripe shows a key in an error: how it begins and how it ends, and nothing between. */
export const shownKey = (key: string): string =>
  key.length > 16 ? `${key.slice(0, 8)}${'*'.repeat(8)}${key.slice(-4)}` : `${key.slice(0, 8)}${'*'.repeat(8)}`;

/** What is kept of a key. */
export const digestOf = (key: string): string => createHash('sha256').update(key).digest('base64url');

/** The account that the key is of: the sandbox's own, unless its text says `of_another_account`. */
export const platformOf = ({ text }: ApiKey): string =>
  text.includes('_of_another_account') ? 'acct_3AnotherOfTheSandbox' : PLATFORM_ACCOUNT;

export interface KnownKeys {
  /** Empty: any test key is good. Publishable keys are only limited where one is named. */
  accepted: ReadonlySet<string>;
  /** Whether the key with this digest has been revoked. */
  isRevoked: (digest: string) => boolean;
}

const isAccepted = (key: string, accepted: ReadonlySet<string>): boolean => {
  if (!TEST_KEY.test(key)) return false;
  const isPublishable = key.startsWith('pk_');
  const same = [...accepted].filter((each) => each.startsWith('pk_') === isPublishable);
  return same.length === 0 ? isPublishable || accepted.size === 0 : accepted.has(key);
};

/** The key of a request. Throws 401 for one that is missing, unknown or revoked. */
export const authenticate = (header: string | undefined, { accepted, isRevoked }: KnownKeys): ApiKey => {
  const text = header === undefined ? '' : keyIn(header);
  if (text === '') {
    throw unauthorized(
      'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. ' +
        "'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details.",
    );
  }
  if (!isAccepted(text, accepted)) throw unauthorized(`Invalid API Key provided: ${shownKey(text)}`);
  if (isRevoked(digestOf(text))) throw unauthorized(`Expired API Key provided: ${shownKey(text)}`, 'api_key_expired');
  return { kind: kinds[text.slice(0, 2) as keyof typeof kinds], text };
};

/** Throws 403 for a publishable key where a secret one is needed. */
export const assertSecretKey = ({ kind }: ApiKey): void => {
  if (kind !== 'publishable') return;
  throw forbidden(
    'This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of your API keys at ' +
      'https://dashboard.stripe.com/account/apikeys.',
    'secret_key_required',
  );
};
