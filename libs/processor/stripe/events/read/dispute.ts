import { claimOf } from '../../claim.js';
import { disputeOf } from '../../dispute.js';
import type { Reader } from './reader.js';
import { newsOf } from './reader.js';

/** Stripe copies nothing from the payment to its dispute: the claim is empty but for a dispute that somebody has marked. */
export const readDispute: Reader = (dispute) =>
  newsOf({ about: 'dispute', dispute: disputeOf(dispute), claim: claimOf(dispute) });
