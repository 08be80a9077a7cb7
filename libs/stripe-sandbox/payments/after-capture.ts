/** What comes of a captured charge later: its balance transaction, a warning, a dispute. */
import type { ChargeRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { bookLater } from './charging.js';
import { openDispute } from './disputes.js';
import { warnOfFraud } from './radar.js';
import { testCard } from './test-cards.js';

/** Lets happen what the charge's card is made for. Once: a charge that is disputed already is left alone. */
export const settleCapture = (work: Work, charge: ChargeRecord): void => {
  bookLater(work, charge);
  if (charge.method.type !== 'card' || charge.amount_captured === 0) return;
  const { disputes, warns } = testCard(charge.method.test);
  if (warns) warnOfFraud(work, work.get('charge', charge.id), 'unauthorized_use_of_card');
  const isWhole = charge.amount_refunded < charge.amount;
  if (disputes && charge.disputes === undefined && isWhole) {
    openDispute(work, work.get('charge', charge.id), disputes);
  }
};
