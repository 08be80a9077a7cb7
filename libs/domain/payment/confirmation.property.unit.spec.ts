import fc from 'fast-check';
import { Refusal } from '../refusal.js';
import { arbitraryFact } from '../testing/arbitraries.spec.js';
import * as words from '../testing/payments.js';
import { decide, foldPayment, statusOf, type PaymentCommand, type PaymentEvent } from './index.js';

const tokens = ['t1', 't2', 't3'] as const;
const token = fc.constantFrom(...tokens);

const told: fc.Arbitrary<PaymentEvent> = fc.oneof(
  token.map((confirmationId) => words.event('ConfirmationTokenPresented', { confirmationId })),
  fc
    .tuple(token, fc.constantFrom('card' as const, 'us_bank_account' as const), fc.constantFrom('one', 'two'))
    .map(([confirmationId, methodKind, fingerprint]) =>
      words.event('ConfirmationTokenInspected', { confirmationId, methodKind, fingerprint }),
    ),
  fc
    .tuple(token, fc.constantFrom('expired', 'unknown'))
    .map(([confirmationId, code]) => words.event('ConfirmationTokenRefused', { confirmationId, code })),
  fc
    .tuple(
      fc.constantFrom(1, 2),
      fc.constantFrom('PaymentActionFinished' as const, 'PaymentActionStillRequired' as const),
    )
    .map(([attempt, type]) => words.event(type, { actionId: `done${attempt}`, attempt })),
  fc
    .constantFrom(1, 2)
    .map((n) => words.event('PaymentActionRequired', { ...words.charge(n), action: 'use_stripe_sdk' })),
  fc.constantFrom(words.requested(1), words.requested(2), words.failed(1), words.captured()),
);

it('what is told of presented tokens joins in any order, however often: state and status are the same', () => {
  const orders = fc
    .array(told, { maxLength: 12 })
    .chain((some) =>
      fc.tuple(
        fc.constant(some),
        fc.shuffledSubarray([...some, ...some], { minLength: 2 * some.length, maxLength: 2 * some.length }),
      ),
    );
  fc.assert(
    fc.property(orders, ([once, shuffledTwice]) => {
      const [one, other] = [once, shuffledTwice].map((events) => foldPayment([words.created(), ...events]));
      expect(other).toEqual(one);
      expect(statusOf(other!)).toBe(statusOf(one!));
    }),
    { numRuns: 1_000 },
  );
});

it('each token asks for one attempt at most, and none while another attempt can still charge', () => {
  const command: fc.Arbitrary<PaymentCommand> = fc.oneof(
    { weight: 3, arbitrary: token.map((confirmationId) => words.ask('PresentConfirmation', { confirmationId })) },
    {
      weight: 3,
      arbitrary: token.map((confirmationId) =>
        words.ask('RecordConfirmationInspected', { confirmationId, methodKind: 'card' }),
      ),
    },
    fc
      .integer({ min: 1, max: 3 })
      .map((attempt) => words.ask('RecordFailure', { ...words.charge(attempt), code: 'card_declined' })),
    fc.constant(words.ask('ConfirmPayment', { paymentMethodId: 'm1' })),
    arbitraryFact(),
  );
  let requests = 0;
  fc.assert(
    fc.property(fc.array(command, { minLength: 4, maxLength: 24, size: 'max' }), (commands) => {
      const stream: PaymentEvent[] = [words.created()];
      for (const each of commands) {
        const before = foldPayment(stream);
        let events: PaymentEvent[] = [];
        try {
          events = decide(each, before);
        } catch (refusal) {
          if (!(refusal instanceof Refusal)) throw refusal;
        }
        if (events.some(({ type }) => type === 'PaymentRequested')) {
          requests += 1;
          for (const { stage } of Object.values(before.attempts)) expect(stage.phase).toBe('failed');
        }
        stream.push(...events);
      }
      const asked = stream.flatMap((event) => (event.type === 'PaymentRequested' ? [event.paymentMethodId] : []));
      const presented = asked.filter((id) => id !== 'm1');
      expect(new Set(presented).size).toBe(presented.length);
    }),
    { numRuns: 500 },
  );
  expect(requests).toBeGreaterThan(200);
});
