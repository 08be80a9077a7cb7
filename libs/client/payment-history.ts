import type { EventType } from './events.js';
import type { EventData, OpenWord } from './generated/events.js';
import type { PaymentStatus } from './payment.js';

/** A change of a payment by an event of one type. */
interface ChangeBy<T extends EventType> {
  eventId: string;
  type: T;
  /** Of the payment after it. */
  version: number;
  /** `shard:position`, its place in the tenant's log. */
  position: string;
  /** RFC 3339. */
  recordedAt: string;
  data: EventData[T] & { type: T };
  /** Of the payment after it. */
  status: OpenWord<PaymentStatus>;
  /**
   * That the event is in the audit log: its leaf, 0-based, and its receipt, which `billing audit verify --receipt` checks offline. Null for the
   * second or so until a published checkpoint covers it.
   */
  proof: { index: number; receipt: string } | null;
}

/** A change of a payment as `GET /v1/payments/:id/history` answers it, told apart by `type`. New types come: skip those you do not know. */
export type PaymentChange = { [T in EventType]: ChangeBy<T> }[EventType];

export interface PaymentHistoryPage {
  /** Oldest first. */
  data: PaymentChange[];
  /** Where the next page begins; null on the last one. */
  nextCursor: string | null;
}

export interface PaymentHistoryOptions {
  /** Changes on the page, 1 to 100; 20 unless told. */
  limit?: number;
  /** `nextCursor` of the page before. */
  cursor?: string;
  /** For callers that act for several tenants. */
  tenantId?: string;
}

/** Path and query of a page. */
export const historyPath = (id: string, { limit, cursor }: PaymentHistoryOptions): string => {
  const query = new URLSearchParams({
    ...(limit !== undefined && { limit: String(limit) }),
    ...(cursor !== undefined && { cursor }),
  }).toString();
  return `/v1/payments/${encodeURIComponent(id)}/history${query && `?${query}`}`;
};
