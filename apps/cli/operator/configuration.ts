import type { Configuration } from '#platform/configuration';
import { readConfiguration } from '#platform/configuration';

import { operatorDatabaseUrl } from './index.js';

/** The settings of the service that a tool works beside, of development by default. Throws ConfigurationError for a wrong one. */
export const operatorConfiguration = (given: NodeJS.ProcessEnv): Configuration =>
  readConfiguration({
    ...given,
    BILLING_ENV: given.BILLING_ENV === undefined || given.BILLING_ENV === '' ? 'development' : given.BILLING_ENV,
    DATABASE_URL: operatorDatabaseUrl(given),
  });
