import fc from 'fast-check';

import type { SetupIntentFact } from './index.js';
import { createSetupIntent, decideSetupIntent, evolveSetupIntent, initialSetupIntent } from './index.js';

const at = '2026-11-01T10:00:00Z';
const request = {
  type: 'CreateSetupIntent',
  setupIntentId: 's1',
  customerId: 'c1',
  paymentMethodId: 'm1',
  methodKinds: ['card', 'us_bank_account'],
  usage: 'off_session',
  at,
} as const;

const ids = fc.constantFrom('seti_1', 'seti_2');
const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
const codes = fc.constantFrom('card_declined', 'expired_card');

const fact: fc.Arbitrary<SetupIntentFact> = fc.oneof(
  ids.map((id) => ({ type: 'RecordSetupIntentCreated', processorSetupIntentId: id, at }) as const),
  fc
    .tuple(ids, fc.constantFrom('redirect', 'use_stripe_sdk'))
    .map(([id, action]) => ({ type: 'RecordSetupIntentAction', processorSetupIntentId: id, action, at }) as const),
  ids.map((id) => ({ type: 'RecordSetupIntentProcessing', processorSetupIntentId: id, at }) as const),
  fc
    .tuple(ids, fc.constantFrom('card' as const, 'us_bank_account' as const), maybe(fc.constantFrom('m_1', 'm_2')))
    .map(
      ([id, methodKind, mandate]) =>
        ({ type: 'RecordSetupIntentSuccess', processorSetupIntentId: id, methodKind, mandate, at }) as const,
    ),
  fc
    .tuple(codes, maybe(codes), maybe(ids))
    .map(
      ([code, declineCode, id]) =>
        ({ type: 'RecordSetupIntentFailure', code, declineCode, processorSetupIntentId: id, at }) as const,
    ),
  maybe(ids).map((id) => ({ type: 'RecordSetupIntentCancellation', processorSetupIntentId: id, at }) as const),
  fc.constantFrom('l1', 'l2').map(
    (lookupId) =>
      ({
        type: 'RequestSetupIntentLookup',
        lookupId,
        processorSetupIntentId: 'seti_1',
        reason: 'failed',
        at,
      }) as const,
  ),
);

const begun = createSetupIntent(request, initialSetupIntent).reduce(evolveSetupIntent, initialSetupIntent);
const told = (facts: readonly SetupIntentFact[]) =>
  facts.reduce((intent, each) => decideSetupIntent(each, intent).reduce(evolveSetupIntent, intent), begun);

/** Facts, and the same in another order with some of them told again. */
const twoTellings = fc.array(fact, { maxLength: 12 }).chain((facts) =>
  fc.tuple(
    fc.constant(facts),
    fc
      .tuple(fc.shuffledSubarray(facts, { minLength: facts.length }), fc.subarray(facts))
      .map(([all, again]) => [...all, ...again]),
  ),
);

describe('whatever is told of a setup intent', () => {
  it('ends the same, in any order and however often it is told', () => {
    fc.assert(
      fc.property(twoTellings, ([once, otherwise]) => {
        expect(told(otherwise)).toEqual(told(once));
      }),
    );
  });
  it('once it has succeeded, it stays so', () => {
    fc.assert(
      fc.property(fc.array(fact, { maxLength: 12 }), (facts) => {
        const [type, processorSetupIntentId] = ['RecordSetupIntentSuccess', 'seti_1'] as const;
        const success = { type, processorSetupIntentId, methodKind: 'card', at } as const;
        expect(told([success, ...facts]).stage.phase).toBe('succeeded');
      }),
    );
  });
});
