import type { SetupNews } from '../../../news.js';
import { claimOf } from '../../claim.js';
import { Unreadable } from '../../fields.js';
import type { Reader } from './reader.js';
import { newsOf } from './reader.js';

const changes: Readonly<Record<string, SetupNews['change']>> = {
  'setup_intent.succeeded': 'succeeded',
  'setup_intent.setup_failed': 'failed',
  'setup_intent.requires_action': 'action_required',
  'setup_intent.canceled': 'canceled',
};

export const readSetup: Reader = (setup, { type }) => {
  const change = changes[type];
  if (!change) throw new Unreadable('event.type');
  return newsOf({
    about: 'setup',
    change,
    processorSetupId: setup.token('id'),
    token: setup.maybeId('payment_method'),
    claim: claimOf(setup, setup.maybeId('customer')),
  });
};
