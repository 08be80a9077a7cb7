/** What the sandbox keeps of connected accounts, and of money that goes to them and out of them. */
import type { Metadata, RecordBase } from './record-base.js';

export interface BankAccountRecord {
  id: string;
  country: string;
  currency: string;
  last4: string;
  routing_number?: string;
  account_holder_name?: string;
  account_holder_type?: string;
  /** Why payouts to it fail. */
  failure_code?: string;
}

export interface AccountRecord extends RecordBase {
  type: 'custom' | 'express' | 'standard' | 'none';
  country: string;
  default_currency: string;
  metadata: Metadata;
  email?: string;
  business_type?: string;
  bank_account?: BankAccountRecord;
  /** Names of what it has told of itself, `individual.first_name`. What it said of persons is not kept. */
  told: string[];
  business_profile?: Record<string, string>;
  company_name?: string;
  /** By capability: whether it is asked for. */
  capabilities: Record<string, boolean>;
  tos_acceptance?: { date?: number; ip?: string; user_agent?: string; service_agreement?: string };
  /** Why it can do nothing, whatever it has told of itself. */
  disabled_reason?: string;
  /** Wanted on top of what every account must tell. */
  more_requirements?: string[];
  deleted?: true;
}

export interface TransferRecord extends RecordBase {
  amount: number;
  currency: string;
  destination: string;
  metadata: Metadata;
  balance_transaction: string;
  /** What the receiver's balance got. */
  destination_payment: string;
  description?: string;
  source_type?: string;
  transfer_group?: string;
}

export type PayoutStatus = 'pending' | 'in_transit' | 'paid' | 'failed' | 'canceled';

export interface PayoutRecord extends RecordBase {
  status: PayoutStatus;
  amount: number;
  currency: string;
  /** Unix seconds. */
  arrival_date: number;
  destination: string;
  method: string;
  source_type: string;
  metadata: Metadata;
  balance_transaction: string;
  /** What a payout to this bank account comes to. */
  fails_with?: string;
  failure_code?: string;
  failure_balance_transaction?: string;
  description?: string;
  statement_descriptor?: string;
}
