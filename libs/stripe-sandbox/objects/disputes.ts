/** Disputes, reviews and early fraud warnings as the API shows them. */
import type { DisputeRecord, EarlyFraudWarningRecord, ReviewRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { presentBalanceTransaction } from './money-movements.js';

/** The fields of evidence that are texts, or ids of files. */
export const evidenceFields = [
  'access_activity_log',
  'billing_address',
  'cancellation_policy',
  'cancellation_policy_disclosure',
  'cancellation_rebuttal',
  'customer_communication',
  'customer_email_address',
  'customer_name',
  'customer_purchase_ip',
  'customer_signature',
  'duplicate_charge_documentation',
  'duplicate_charge_explanation',
  'duplicate_charge_id',
  'product_description',
  'receipt',
  'refund_policy',
  'refund_policy_disclosure',
  'refund_refusal_explanation',
  'service_date',
  'service_documentation',
  'shipping_address',
  'shipping_carrier',
  'shipping_date',
  'shipping_documentation',
  'shipping_tracking_number',
  'uncategorized_file',
  'uncategorized_text',
] as const;

const presentEvidence = (evidence: DisputeRecord['evidence']) => ({
  ...Object.fromEntries(evidenceFields.map((field) => [field, evidence[field] ?? null])),
  enhanced_evidence: {},
});

/** The networks' codes for the reasons of test disputes. */
const networkCodes: Readonly<Record<string, string>> = { fraudulent: '10.4', product_not_received: '13.1' };

const presentCard = (dispute: DisputeRecord, brand: string) => ({
  card: {
    brand,
    case_type: dispute.inquiry ? 'inquiry' : 'chargeback',
    network: brand,
    network_reason_code: networkCodes[dispute.reason] ?? null,
  },
  type: 'card',
});

export const presentDispute = (dispute: DisputeRecord, work: Work) => ({
  id: dispute.id,
  object: 'dispute',
  amount: dispute.amount,
  balance_transactions: dispute.balance_transactions.map((id) =>
    presentBalanceTransaction(work.get('balance_transaction', id), work),
  ),
  charge: dispute.charge,
  created: dispute.created,
  currency: dispute.currency,
  enhanced_eligibility_types: [],
  evidence: presentEvidence(dispute.evidence),
  evidence_details: {
    due_by: dispute.due_by,
    enhanced_eligibility: {},
    has_evidence: Object.keys(dispute.evidence).length > 0,
    past_due: dispute.due_by < work.now,
    submission_count: dispute.submission_count,
    submission_method: dispute.submission_count > 0 ? 'manual' : 'not_submitted',
  },
  intended_submission_method: null,
  is_charge_refundable: dispute.inquiry === true || dispute.status === 'won',
  livemode: false,
  metadata: dispute.metadata,
  payment_intent: dispute.payment_intent,
  ...(dispute.brand !== undefined && { payment_method_details: presentCard(dispute, dispute.brand) }),
  reason: dispute.reason,
  status: dispute.status,
});

export const presentReview = (review: ReviewRecord) => ({
  id: review.id,
  object: 'review',
  billing_zip: null,
  charge: review.charge,
  closed_reason: review.closed_reason ?? null,
  created: review.created,
  ip_address: null,
  ip_address_location: null,
  livemode: false,
  open: review.closed_reason === undefined,
  opened_reason: review.opened_reason,
  payment_intent: review.payment_intent,
  reason: review.closed_reason ?? review.opened_reason,
  session: null,
});

export const presentEarlyFraudWarning = (warning: EarlyFraudWarningRecord) => ({
  id: warning.id,
  object: 'radar.early_fraud_warning',
  actionable: warning.actionable,
  charge: warning.charge,
  created: warning.created,
  fraud_type: warning.fraud_type,
  livemode: false,
  payment_intent: warning.payment_intent,
});
