import type { Logger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { Counter, Gauge } from '#platform/metrics';

import type { IssuerKeys, KeyFetch } from './issuer-keys.js';

/**
 * Tells of the looks at the issuer's keys: `billing_issuer_keys_fetches_total` by outcome, and a log line for each that failed and for
 * the one that came back. Give what it returns to `IssuerKeys`, which then asks for it at every look.
 */
export const keyFetchObserver = (logger: Logger, metrics: Registry): ((fetch: KeyFetch) => void) => {
  const fetches = new Counter({
    name: 'billing_issuer_keys_fetches_total',
    help: 'Looks at the keys of the token issuer; failed: the last good keys are used for 24 hours',
    labelNames: ['outcome'],
    registers: [metrics],
  });
  fetches.inc({ outcome: 'failed' }, 0);
  let failing = false;
  return (fetch) => {
    fetches.inc({ outcome: fetch.outcome });
    if (fetch.outcome === 'failed') {
      const { reason, keysAgeMs } = fetch;
      logger.warn({ reason, keysAgeMs }, "the token issuer's keys cannot be read; look at AUTH_JWKS_URL");
    } else if (failing) logger.info("the token issuer's keys can be read again");
    failing = fetch.outcome === 'failed';
  };
};

/** `billing_issuer_keys_age_seconds`: how old the keys in use are; +Inf while there are none. */
export const observeKeysAge = (metrics: Registry, keys: IssuerKeys): void => {
  new Gauge({
    name: 'billing_issuer_keys_age_seconds',
    help: "Age of the token issuer's keys in use; after 24 hours they are used no more",
    registers: [metrics],
    collect() {
      this.set((keys.ageMs ?? Infinity) / 1_000);
    },
  });
};
