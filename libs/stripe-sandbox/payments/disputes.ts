/**
 * Disputes: a bank takes a charge's money back, evidence is given, and the bank decides. An inquiry asks before any money moves. An
 * end need not be the end: a won dispute can be lost afterwards. https://docs.stripe.com/disputes/how-disputes-work
 */
import type { ChargeRecord, DisputeRecord, DisputeStatus, Metadata } from '../state/records.js';
import type { Work } from '../state/work.js';
import { refused } from '../wire/errors.js';
import { written } from './currencies.js';
import { bookReinstatement, bookWithdrawal } from './ledger.js';
import { closeReviewOf, settleWarningOf } from './radar.js';
import { testCard } from './test-cards.js';

const RESPONSE_SECONDS = 14 * 24 * 60 * 60;
/** Of all fields of evidence together, as at Stripe. */
const MOST_EVIDENCE_CHARACTERS = 150_000;
const MOST_DISPUTES = 10;

const closedStatuses: ReadonlySet<DisputeStatus> = new Set(['won', 'lost', 'warning_closed', 'prevented']);
const reviewStatuses: ReadonlySet<DisputeStatus> = new Set(['under_review', 'warning_under_review']);

/** Whether the charge's money is with the bank. */
const isWithdrawn = (dispute: DisputeRecord): boolean => dispute.balance_transactions.length % 2 === 1;

/** Whether a refund can still be made: a bank that has taken the money back has refunded it. */
export const isRefundable = (dispute: DisputeRecord): boolean => dispute.inquiry === true || dispute.status === 'won';

const withdraw = (work: Work, dispute: DisputeRecord): DisputeRecord => {
  const charge = work.get('charge', dispute.charge);
  const transaction = bookWithdrawal(work, charge, dispute);
  return { ...dispute, balance_transactions: [...dispute.balance_transactions, transaction] };
};

const reinstate = (work: Work, dispute: DisputeRecord): DisputeRecord => {
  const charge = work.get('charge', dispute.charge);
  const transaction = bookReinstatement(work, charge, dispute);
  return { ...dispute, balance_transactions: [...dispute.balance_transactions, transaction] };
};

export interface NewDispute {
  reason: string;
  inquiry?: boolean | undefined;
  /** Minor units; what is left of the charge when absent. */
  amount?: number | undefined;
}

/** Disputes a captured charge. Throws when nothing is left of it to dispute, or less than `amount`. */
export const openDispute = (work: Work, charge: ChargeRecord, wishes: NewDispute): DisputeRecord => {
  const earlier = (charge.disputes ?? []).map((id) => work.get('dispute', id));
  const disputed = earlier.filter((each) => !closedStatuses.has(each.status) || each.status === 'lost');
  const left = charge.amount_captured - disputed.reduce((sum, { amount }) => sum + amount, 0);
  const amount = wishes.amount ?? left;
  if (amount < 1 || amount > left || earlier.length >= MOST_DISPUTES) {
    throw refused(
      `Charge ${charge.id} cannot be disputed for ${written(amount, charge.currency)}: ${written(left, charge.currency)} of it are left.`,
      'charge_not_disputable',
      'amount',
    );
  }
  const asked: DisputeRecord = {
    id: work.newId('dispute'),
    created: work.now,
    status: wishes.inquiry ? 'warning_needs_response' : 'needs_response',
    amount,
    currency: charge.currency,
    charge: charge.id,
    payment_intent: charge.payment_intent,
    reason: wishes.reason,
    ...(wishes.inquiry && { inquiry: true }),
    evidence: {},
    due_by: work.now + RESPONSE_SECONDS,
    submission_count: 0,
    balance_transactions: [],
    metadata: {},
    ...(charge.method.type === 'card' && { brand: testCard(charge.method.test).brand }),
  };
  const dispute = work.save('dispute', wishes.inquiry ? asked : withdraw(work, asked));
  work.link(charge.id, dispute.id);
  work.link(charge.payment_intent, dispute.id);
  work.save('charge', { ...charge, disputes: [...(charge.disputes ?? []), dispute.id] });
  work.event('charge.dispute.created', 'dispute', dispute);
  if (isWithdrawn(dispute)) work.event('charge.dispute.funds_withdrawn', 'dispute', dispute);
  closeReviewOf(work, charge, 'disputed');
  settleWarningOf(work, charge);
  return dispute;
};

/** The bank was not content with the answer to its inquiry: it takes the money. */
export const escalateInquiry = (work: Work, dispute: DisputeRecord): DisputeRecord => {
  if (!dispute.inquiry) throw refused(`Dispute ${dispute.id} is not an inquiry.`, 'dispute_invalid_state');
  const { status } = dispute;
  const escalated = work.save('dispute', {
    ...withdraw(work, dispute),
    inquiry: undefined,
    status: 'needs_response',
    due_by: work.now + RESPONSE_SECONDS,
  });
  work.event('charge.dispute.updated', 'dispute', escalated, { status });
  work.event('charge.dispute.funds_withdrawn', 'dispute', escalated);
  return escalated;
};

/**
 * The bank decides, again if it has before: `won` gives the money back, `lost` takes it where it is not taken, `warning_closed` ends an
 * inquiry, `prevented` one that never became a dispute.
 */
export const decideDispute = (
  work: Work,
  dispute: DisputeRecord,
  status: 'won' | 'lost' | 'warning_closed' | 'prevented',
): DisputeRecord => {
  const isOfInquiry = status === 'warning_closed' || status === 'prevented';
  if (isOfInquiry !== (dispute.inquiry === true)) {
    const kind = dispute.inquiry ? 'an inquiry' : 'no inquiry';
    throw refused(`Dispute ${dispute.id} is ${kind}: it cannot become ${status}.`, 'dispute_invalid_state');
  }
  if (dispute.status === status) return dispute;
  const returns = status === 'won' && isWithdrawn(dispute);
  const takes = status === 'lost' && !isWithdrawn(dispute);
  const moved = returns ? reinstate(work, dispute) : takes ? withdraw(work, dispute) : dispute;
  const decided = work.save('dispute', { ...moved, status });
  if (takes) work.event('charge.dispute.funds_withdrawn', 'dispute', decided);
  work.event('charge.dispute.closed', 'dispute', decided, { status: dispute.status });
  if (returns) work.event('charge.dispute.funds_reinstated', 'dispute', decided);
  return decided;
};

export interface Evidence {
  evidence?: Record<string, string> | undefined;
  /** Whether it goes to the bank; it does unless this says no. */
  submit?: boolean | undefined;
  metadata: Metadata;
}

const assertTakesEvidence = (work: Work, dispute: DisputeRecord): void => {
  if (closedStatuses.has(dispute.status)) throw refused('This dispute is already closed.', 'dispute_already_closed');
  if (reviewStatuses.has(dispute.status)) {
    throw refused('Evidence has already been submitted for this dispute.', 'dispute_evidence_already_submitted');
  }
  if (dispute.due_by < work.now) {
    throw refused('The time to submit evidence for this dispute has passed.', 'dispute_evidence_past_due');
  }
};

/** Adds evidence, an empty text takes it away, and submits it, which is final. Throws where the dispute takes no more. */
export const giveEvidence = (work: Work, dispute: DisputeRecord, given: Evidence): DisputeRecord => {
  const { evidence, metadata, submit = evidence !== undefined } = given;
  if (evidence !== undefined || submit) assertTakesEvidence(work, dispute);
  const merged = Object.fromEntries(
    Object.entries({ ...dispute.evidence, ...evidence }).filter(([, text]) => text !== ''),
  );
  if (Object.values(merged).reduce((sum, text) => sum + text.length, 0) > MOST_EVIDENCE_CHARACTERS) {
    throw refused(
      `Evidence may have up to ${String(MOST_EVIDENCE_CHARACTERS)} characters in all.`,
      undefined,
      'evidence',
    );
  }
  const staged: DisputeRecord = { ...dispute, metadata, evidence: merged };
  const next = work.save(
    'dispute',
    submit
      ? {
          ...staged,
          status: dispute.inquiry ? 'warning_under_review' : 'under_review',
          submission_count: dispute.submission_count + 1,
        }
      : staged,
  );
  if (submit) work.settleLater(next.id);
  work.event('charge.dispute.updated', 'dispute', next, {
    ...(metadata !== dispute.metadata && { metadata: dispute.metadata }),
    ...(evidence && { evidence: dispute.evidence }),
    ...(submit && { status: dispute.status }),
  });
  return next;
};

/** Gives the dispute up. Throws when it is over. */
export const acceptDispute = (work: Work, dispute: DisputeRecord): DisputeRecord => {
  if (closedStatuses.has(dispute.status)) throw refused('This dispute is already closed.', 'dispute_already_closed');
  return decideDispute(work, dispute, dispute.inquiry ? 'warning_closed' : 'lost');
};

/** The bank has read the evidence. Test evidence says how it decides; any other it goes on reading. https://docs.stripe.com/testing#evidence */
export const settleDispute = (work: Work, dispute: DisputeRecord): void => {
  if (!reviewStatuses.has(dispute.status)) return;
  const said = dispute.evidence.uncategorized_text;
  if (dispute.inquiry) {
    if (said === 'escalate_inquiry_evidence') escalateInquiry(work, dispute);
    else if (said === 'winning_evidence' || said === 'losing_evidence') decideDispute(work, dispute, 'warning_closed');
  } else if (said === 'winning_evidence') decideDispute(work, dispute, 'won');
  else if (said === 'losing_evidence') decideDispute(work, dispute, 'lost');
};

/** Throws charge_disputed unless `charge` can be refunded as far as its disputes go. */
export const assertNotChargedBack = (work: Work, charge: ChargeRecord): void => {
  const open = (charge.disputes ?? []).map((id) => work.get('dispute', id)).find((each) => !isRefundable(each));
  if (!open) return;
  throw refused(`Charge ${charge.id} has been charged back; cannot issue a refund.`, 'charge_disputed');
};

/** What a full refund does besides: the bank has nothing left to ask, and nobody has anything left to look at. */
export const closeAfterRefund = (work: Work, charge: ChargeRecord, asFraud: boolean): void => {
  for (const id of charge.disputes ?? []) {
    const dispute = work.get('dispute', id);
    if (dispute.inquiry && !closedStatuses.has(dispute.status)) decideDispute(work, dispute, 'warning_closed');
  }
  closeReviewOf(work, charge, asFraud ? 'refunded_as_fraud' : 'refunded');
  settleWarningOf(work, charge);
};
