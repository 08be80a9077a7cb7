import type { CandidateFinding, Environment, PlatformKeys, StoredSecret } from '#keys';
import { ProcessorUnavailable } from '#processor';
import { keyStandingOf } from '#processor/stripe';

import { openKey } from './open-key.js';

export interface Examination {
  environment: Environment;
  keys: PlatformKeys;
  apiBase: string | undefined;
  /** The account of the key in use; undefined where nobody knows it. */
  account: string | undefined;
}

/**
 * Looks whether a candidate may follow the key in use: it opens, the processor takes it, it is of the same account and of this environment's
 * mode, and may do all that the gateway does. Rejects where that could not be told just now.
 */
export const examine = async (
  candidate: StoredSecret,
  { environment, keys, apiBase, account }: Examination,
): Promise<CandidateFinding> => {
  const opened = await openKey(keys, candidate, environment);
  if ('fault' in opened) return { refusal: faults[opened.fault] };
  try {
    const standing = await keyStandingOf({ apiKey: opened.apiKey, apiBase });
    if (standing.missing.length > 0)
      return {
        refusal: `it lacks permissions: ${standing.missing.join(', ')}; give it these in the processor's dashboard`,
      };
    if (account === undefined)
      return {
        refusal:
          'it cannot be told whether it is of the same account as the key in use, which does not tell its own: billing secrets set does not ask',
      };
    if (standing.account !== account)
      return { refusal: `it is of another account, ${standing.account}, than the key in use, ${account}` };
    return { processorAccount: standing.account };
  } catch (error) {
    if (error instanceof ProcessorUnavailable && error.reason === 'api_key_refused')
      return { refusal: 'the processor does not know it, or it was revoked there' };
    throw error;
  }
};

const faults = {
  closed: 'it does not open, or is no key',
  wrong_mode: 'it is a test key in production, or a live key elsewhere',
} as const;
