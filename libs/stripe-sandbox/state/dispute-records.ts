/** What the sandbox keeps of disputes and of what comes before them. */
import type { Metadata, RecordBase } from './record-base.js';

export type DisputeStatus =
  | 'warning_needs_response'
  | 'warning_under_review'
  | 'warning_closed'
  | 'needs_response'
  | 'under_review'
  | 'won'
  | 'lost'
  | 'prevented';

export interface DisputeRecord extends RecordBase {
  status: DisputeStatus;
  amount: number;
  currency: string;
  charge: string;
  payment_intent: string;
  reason: string;
  /** The bank asks first; no money has moved. */
  inquiry?: true;
  evidence: Record<string, string>;
  /** Unix seconds. */
  due_by: number;
  submission_count: number;
  /** Withdrawals and reinstatements, oldest first. */
  balance_transactions: string[];
  metadata: Metadata;
  /** Of the card, where it was one. */
  brand?: string;
}

export interface ReviewRecord extends RecordBase {
  charge: string;
  payment_intent: string;
  opened_reason: 'manual' | 'rule';
  closed_reason?: 'approved' | 'canceled' | 'refunded' | 'refunded_as_fraud' | 'disputed';
}

export interface EarlyFraudWarningRecord extends RecordBase {
  charge: string;
  payment_intent: string;
  fraud_type: string;
  actionable: boolean;
}
