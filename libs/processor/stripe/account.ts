import type { ProcessorAccount } from '../objects.js';
import type { Fields } from './fields.js';

/** Stripe wants some dozens of things at most. */
const maxRequirements = 1_000;

/** A connected account in the port's words. Throws Unreadable. */
export const accountOf = (account: Fields): ProcessorAccount => {
  const requirements = account.maybeFields('requirements');
  const due = ['currently_due', 'past_due'].flatMap((name) => requirements?.tokens(name, maxRequirements) ?? []);
  const disabledReason = requirements?.maybeToken('disabled_reason');
  return {
    processorAccountId: account.token('id'),
    chargesEnabled: account.boolean('charges_enabled'),
    payoutsEnabled: account.boolean('payouts_enabled'),
    detailsSubmitted: account.boolean('details_submitted'),
    requirementsDue: [...new Set(due)].sort(),
    ...(disabledReason !== undefined && { disabledReason }),
  };
};
