import type { Processor } from '#processor';
import { ProcessorUnavailable } from '#processor';

import type { Held, KeyRing } from './key-ring.js';

type Operation = keyof Processor;

/** How each operation answers: at once, or item by item. */
const manners = {
  createCustomer: 'call',
  attachPaymentMethod: 'call',
  detachPaymentMethod: 'call',
  retrieveConfirmationToken: 'call',
  requestSetup: 'call',
  retrieveSetup: 'call',
  cancelSetup: 'call',
  findSetup: 'call',
  requestPayment: 'call',
  confirmPayment: 'call',
  capturePayment: 'call',
  cancelPayment: 'call',
  refundPayment: 'call',
  fetchRefundSettlement: 'call',
  retrievePayment: 'call',
  retrievePaymentMethod: 'call',
  retrieveStanding: 'call',
  retrieveAccount: 'call',
  submitEvidence: 'call',
  listPayments: 'list',
  listPayouts: 'list',
  listRefunds: 'list',
  listDisputes: 'list',
  listEvents: 'list',
  fetchBalance: 'call',
  findCustomer: 'call',
  findPaymentMethod: 'call',
  findPayment: 'call',
  findRefund: 'call',
} as const satisfies {
  [O in Operation]: ReturnType<Processor[O]> extends AsyncIterable<unknown> ? 'list' : 'call';
};

/** Sends one call of an operation with a key. */
interface Sending<T> {
  operation: Operation;
  send: (held: Held) => T;
}

/**
 * The processor, each call with the key that is present when it is sent: a call on its way ends with the key that it began with. A call that
 * is refused for its key, as a whole or for lack of a permission, was not executed: it is sent again, once and under the same idempotency
 * key, with the other key where two are valid.
 */
export const currentProcessor = (ring: KeyRing): Processor =>
  Object.fromEntries(
    Object.entries(manners).map(([name, manner]) => {
      const operation = name as Operation;
      const send =
        <T>(args: readonly unknown[]) =>
        ({ processor }: Held): T =>
          (processor[operation] as (...given: readonly unknown[]) => T).apply(processor, [...args]);
      return [
        operation,
        manner === 'list'
          ? (...args: readonly unknown[]) => listed(ring, { operation, send: send<AsyncIterable<unknown>>(args) })
          : (...args: readonly unknown[]) => called(ring, { operation, send: send<Promise<unknown>>(args) }),
      ];
    }),
  ) as unknown as Processor;

const called = async (ring: KeyRing, call: Sending<Promise<unknown>>): Promise<unknown> => {
  const sent = async (held: Held): Promise<unknown> => {
    const answer = await call.send(held);
    ring.accepted(held, call.operation);
    return answer;
  };
  const held = ring.present(call.operation);
  try {
    return await sent(held);
  } catch (error) {
    const other = afterRefusal(ring, held, call.operation, error);
    if (!other) throw error;
    return sent(other).catch((failure: unknown) => {
      afterRefusal(ring, other, call.operation, failure);
      throw failure;
    });
  }
};

/** A list that is refused on a later page has told a part already: its end is the caller's matter, as with any other failure. */
async function* listed(ring: KeyRing, call: Sending<AsyncIterable<unknown>>): AsyncGenerator<unknown> {
  const held = ring.present(call.operation);
  let begun = false;
  try {
    for await (const each of call.send(held)) {
      begun = true;
      yield each;
    }
    ring.accepted(held, call.operation);
    return;
  } catch (error) {
    const other = afterRefusal(ring, held, call.operation, error);
    if (!other || begun) throw error;
    yield* call.send(other);
  }
}

/** The key to send the call again with; undefined where it did not fail for its key, or there is no other. */
const afterRefusal = (ring: KeyRing, held: Held, operation: Operation, error: unknown): Held | undefined =>
  error instanceof ProcessorUnavailable && error.reason.startsWith('api_key_')
    ? ring.refused(held, operation, error.reason)
    : undefined;
