import type { FactRecorder } from '#command-handling/facts';
import { customers, paymentMethods } from '#command-handling/facts';
import type { RecordedEvent } from '#contracts';
import { streamIdOf } from '#contracts';
import type { CustomerEvent } from '#domain/customer';
import { processorCustomerIdOf } from '#domain/customer';
import type { PaymentMethodEvent, PaymentMethodKind } from '#domain/payment-method';
import { LRUCache } from 'lru-cache';

export interface Place {
  tenantId: string;
  shard: number;
}

export type Registration =
  { phase: 'registered'; processorCustomerId: string } | { phase: 'failed' } | { phase: 'pending' };

const maxKnown = 50_000;
const keyOf = (tenantId: string, streamId: string): string => `${tenantId}/${streamId}`;

/**
 * What calls need to know of customers and payment methods and what never changes once it is known: kept for the most recent,
 * learnt from the log as it goes by, read where it is missing.
 */
export class Directory {
  readonly #streams: FactRecorder;
  readonly #waitMs: number;
  readonly #customers = new LRUCache<string, string>({ max: maxKnown });
  readonly #kinds = new LRUCache<string, PaymentMethodKind>({ max: maxKnown });
  readonly #waiting = new Map<string, Set<() => void>>();

  /** `waitMs`: how long to wait for a registration that is under way. */
  constructor(streams: FactRecorder, waitMs: number) {
    this.#streams = streams;
    this.#waitMs = waitMs;
  }

  /** Takes note of an event that the log has brought. */
  learn({ tenantId, streamId, event }: RecordedEvent): void {
    const fact = event as CustomerEvent | PaymentMethodEvent;
    if (fact.type === 'CustomerRegistered' || fact.type === 'CustomerRegistrationFailed') {
      const key = keyOf(tenantId, streamId);
      for (const wake of this.#waiting.get(key) ?? []) wake();
    } else if (fact.type === 'CustomerDeletedAtProcessor') {
      this.#customers.delete(keyOf(tenantId, streamId));
    } else if (fact.type === 'PaymentMethodAttachRequested') {
      this.#kinds.set(keyOf(tenantId, streamId), fact.kind);
    }
  }

  /** The customer's registration; where it is under way, once it has ended or the wait is over. */
  async customer(place: Place, customerId: string): Promise<Registration> {
    const streamId = streamIdOf('customer', customerId);
    const key = keyOf(place.tenantId, streamId);
    const known = this.#customers.get(key);
    if (known !== undefined) return { phase: 'registered', processorCustomerId: known };
    const { ended, forget } = this.#nextEnd(key);
    try {
      const registration = await this.#read({ ...place, streamId });
      if (registration.phase !== 'pending') return registration;
      await ended;
      return await this.#read({ ...place, streamId });
    } finally {
      forget();
    }
  }

  /** Every id that the customer ever had at the processor: a charge may have been made under any. */
  async everyCustomerId(place: Place, customerId: string): Promise<readonly string[]> {
    const { state } = await this.#streams.load(customers, { ...place, streamId: streamIdOf('customer', customerId) });
    return state.processorCustomerIds;
  }

  async methodKind(place: Place, paymentMethodId: string): Promise<PaymentMethodKind> {
    const streamId = streamIdOf('payment_method', paymentMethodId);
    const key = keyOf(place.tenantId, streamId);
    const known = this.#kinds.get(key);
    if (known) return known;
    const { state } = await this.#streams.load(paymentMethods, { ...place, streamId });
    this.#kinds.set(key, state.kind);
    return state.kind;
  }

  /** Lets everybody who waits go. */
  wakeAll(): void {
    for (const waiting of this.#waiting.values()) for (const wake of waiting) wake();
  }

  async #read(stream: Place & { streamId: string }): Promise<Registration> {
    const { state } = await this.#streams.load(customers, stream);
    // Under an id that was deleted the processor refuses a charge, and still tells of the charges that were made before.
    const processorCustomerId = processorCustomerIdOf(state) ?? state.processorCustomerIds[0];
    if (processorCustomerId === undefined)
      return { phase: state.registration.phase === 'failed' ? 'failed' : 'pending' };
    this.#customers.set(keyOf(stream.tenantId, stream.streamId), processorCustomerId);
    return { phase: 'registered', processorCustomerId };
  }

  /** Listens before the stream is read: an end that comes in between must not be slept over. */
  #nextEnd(key: string): { ended: Promise<void>; forget: () => void } {
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting);
    let wake = (): void => undefined;
    let timer: NodeJS.Timeout | undefined;
    const ended = new Promise<void>((resolve) => {
      wake = resolve;
      timer = setTimeout(resolve, this.#waitMs);
      waiting.add(wake);
    });
    const forget = () => {
      clearTimeout(timer);
      waiting.delete(wake);
      if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
    };
    return { ended, forget };
  }
}
