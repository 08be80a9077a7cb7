import { ConfigurationError } from './configuration-error.js';
import type { RateLimit } from './rate-limits.js';
import { limitOf } from './rate-limits.js';

/** What the checkout page is made with. */
export interface CheckoutSettings {
  /** Names our account to the processor's script; undefined: no page can be opened. */
  publishableKey: string | undefined;
  /** Where payers reach this api, without a slash at its end; undefined: where it listens, which is for trials alone. */
  baseUrl: string | undefined;
  /** Where the processor's script is. */
  stripeJs: string;
  /** Whose scripts, frames and calls the page allows, besides its own. */
  origins: { scripts: readonly string[]; frames: readonly string[]; calls: readonly string[] };
  isProduction: boolean;
  /** Of one network links that open nothing, and of one page requests; undefined: no limit. */
  limit: RateLimit | undefined;
}

const scriptPath = '/endive/stripe.js';
const stripe = {
  stripeJs: `https://js.stripe.com${scriptPath}`,
  origins: {
    scripts: ['https://js.stripe.com', 'https://*.js.stripe.com'],
    frames: ['https://js.stripe.com', 'https://*.js.stripe.com', 'https://hooks.stripe.com'],
    calls: ['https://api.stripe.com'],
  },
} as const;

/**
 * Reads STRIPE_PUBLISHABLE_KEY, CHECKOUT_BASE_URL and RATE_LIMIT_CHECKOUT. The script is Stripe's, or that of the stand-in that
 * STRIPE_API_BASE names. Throws ConfigurationError for a key of the wrong kind, for a page that payers would reach in clear,
 * and in production for one that nobody says where to reach.
 */
export const readCheckoutSettings = (given: NodeJS.ProcessEnv): CheckoutSettings => {
  const set = (name: string): string | undefined => (given[name] === '' ? undefined : given[name]);
  const isProduction = given.BILLING_ENV === 'production';
  const publishableKey = keyOf(set('STRIPE_PUBLISHABLE_KEY'), isProduction);
  const baseUrl = baseOf(set('CHECKOUT_BASE_URL'), isProduction);
  if (isProduction && publishableKey !== undefined && baseUrl === undefined)
    throw new ConfigurationError(
      'CHECKOUT_BASE_URL is needed in production with STRIPE_PUBLISHABLE_KEY: the https origin at which payers reach the checkout page',
    );
  return {
    publishableKey,
    baseUrl,
    isProduction,
    ...scriptOf(set('STRIPE_API_BASE')),
    limit: limitOf(given, 'RATE_LIMIT_CHECKOUT', '1200/60'),
  };
};

const keyOf = (key: string | undefined, isProduction: boolean): string | undefined => {
  if (key === undefined) return undefined;
  if (!/^pk_(test|live)_[A-Za-z0-9_]{1,250}$/.test(key))
    throw new ConfigurationError('STRIPE_PUBLISHABLE_KEY must be a publishable key of Stripe (pk_...)');
  if (isProduction !== key.startsWith('pk_live_'))
    throw new ConfigurationError(
      isProduction
        ? 'STRIPE_PUBLISHABLE_KEY must be a live key in production'
        : 'STRIPE_PUBLISHABLE_KEY is a live key, which only production may use: its page charges real cards',
    );
  return key;
};

const loopback = /^(localhost|127\.0\.0\.1|\[::1\])$/;

const baseOf = (base: string | undefined, isProduction: boolean): string | undefined => {
  if (base === undefined) return undefined;
  const url = URL.canParse(base) ? new URL(base) : undefined;
  if (url?.origin !== base.replace(/\/$/, ''))
    throw new ConfigurationError('CHECKOUT_BASE_URL must be an origin such as https://pay.example.com, without a path');
  const isLocal = url.protocol === 'http:' && loopback.test(url.hostname) && !isProduction;
  if (url.protocol !== 'https:' && !isLocal)
    throw new ConfigurationError('CHECKOUT_BASE_URL must be https: payers would reach the page in clear');
  return url.origin;
};

const scriptOf = (apiBase: string | undefined): Pick<CheckoutSettings, 'stripeJs' | 'origins'> => {
  const base = apiBase !== undefined && URL.canParse(apiBase) ? new URL(apiBase) : undefined;
  if (base === undefined || /(^|\.)stripe\.com$/.test(base.hostname)) return stripe;
  const { origin } = base;
  return {
    stripeJs: `${origin}${scriptPath}`,
    origins: { scripts: [origin], frames: [origin], calls: [origin] },
  };
};
