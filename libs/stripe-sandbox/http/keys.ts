/** API keys, by Bearer or by Basic authentication. https://docs.stripe.com/api/authentication */
import { forbidden, unauthorized } from '../wire/errors.js';

const keyIn = (header: string): string => {
  if (header.startsWith('Bearer ')) return header.slice(7).trim();
  if (!header.startsWith('Basic ')) return '';
  const [key] = Buffer.from(header.slice(6), 'base64').toString('utf8').split(':');
  return key ?? '';
};

/** Test keys look like these. */
const TEST_KEY = /^(sk|rk)_test_[0-9A-Za-z_]{1,200}$/;

/** Throws 401 for a missing or unknown key, 403 for a publishable one. `accepted` empty: any test key is good. */
export const assertKey = (header: string | undefined, accepted: ReadonlySet<string>): void => {
  const key = header === undefined ? '' : keyIn(header);
  if (key === '') {
    throw unauthorized(
      'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. ' +
        "'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details.",
    );
  }
  if (accepted.size > 0 ? accepted.has(key) : TEST_KEY.test(key)) return;
  if (key.startsWith('pk_')) {
    throw forbidden(
      'This API call cannot be made with a publishable API key. Please use a secret API key.',
      'secret_key_required',
    );
  }
  throw unauthorized(`Invalid API Key provided: ${key.slice(0, 8)}${'*'.repeat(8)}`);
};
