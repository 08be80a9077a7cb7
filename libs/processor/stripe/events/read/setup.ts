import { claimOf } from '../../claim.js';
import type { Reader } from './reader.js';
import { newsOf } from './reader.js';

export const readSetup: Reader = (setup) =>
  newsOf({
    about: 'setup',
    processorSetupId: setup.token('id'),
    token: setup.maybeId('payment_method'),
    claim: claimOf(setup, setup.maybeId('customer')),
  });
