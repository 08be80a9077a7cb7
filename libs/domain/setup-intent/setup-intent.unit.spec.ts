import { specificationOf } from '../testing/given-when-then.js';
import {
  SetupIntentNotFound,
  decideSetupIntent,
  evolveSetupIntent,
  foldSetupIntent,
  initialSetupIntent,
  setupIntentStatusOf,
  type SetupIntentEvent,
} from './index.js';

const { given } = specificationOf({
  initial: initialSetupIntent,
  evolve: evolveSetupIntent,
  decide: decideSetupIntent,
});

const at = '2026-11-01T10:00:00Z';
const processorSetupIntentId = 'seti_1';
const terms = {
  setupIntentId: 's1',
  customerId: 'c1',
  paymentMethodId: 'm1',
  methodKinds: ['card'],
  usage: 'off_session',
  at,
} as const;
const requested: SetupIntentEvent = { type: 'SetupIntentRequested', ...terms };
const presented: SetupIntentEvent = { ...requested, type: 'SetupIntentRequested', confirmationId: 'k1' };
const created: SetupIntentEvent = { type: 'SetupIntentCreated', processorSetupIntentId, at };
const challenged: SetupIntentEvent = {
  ...{ type: 'SetupIntentActionRequired', processorSetupIntentId, action: 'use_stripe_sdk', at },
};
const failed: SetupIntentEvent = {
  ...{ type: 'SetupIntentFailed', code: 'card_declined', declineCode: 'lost_card', processorSetupIntentId, at },
};
const succeeded: SetupIntentEvent = { type: 'SetupIntentSucceeded', processorSetupIntentId, methodKind: 'card', at };

const statusAfter = (...events: SetupIntentEvent[]) => setupIntentStatusOf(foldSetupIntent(events));

describe('a setup intent', () => {
  it('is asked for once', () => {
    given([])
      .when({ type: 'CreateSetupIntent', ...terms })
      .then([requested]);
    given([requested])
      .when({ type: 'CreateSetupIntent', ...terms })
      .thenNothing();
  });
  it('carries no token into its events, whatever the caller passes', () => {
    const command = { type: 'CreateSetupIntent', ...terms, confirmationToken: 'ctoken_secret' } as const;
    expect(JSON.stringify(decideSetupIntent(command, initialSetupIntent))).not.toContain('ctoken_secret');
  });
  it('waits for the payer until they have succeeded', () => {
    expect(statusAfter(requested)).toBe('requires_payment_method');
    expect(statusAfter(requested, created)).toBe('requires_payment_method');
    expect(statusAfter(requested, created, challenged)).toBe('requires_action');
    expect(statusAfter(requested, created, { type: 'SetupIntentProcessing', processorSetupIntentId, at })).toBe(
      'processing',
    );
    expect(statusAfter(requested, created, challenged, succeeded)).toBe('succeeded');
  });
  it('with the payer’s choice in hand waits for the processor', () => {
    expect(statusAfter(presented)).toBe('processing');
    expect(statusAfter(presented, succeeded)).toBe('succeeded');
  });
  it('that was declined can be tried again, unless the processor never made it', () => {
    expect(statusAfter(presented, failed)).toBe('requires_payment_method');
    expect(statusAfter(presented, { type: 'SetupIntentFailed', code: 'resource_missing', at })).toBe('canceled');
  });
  it('that has succeeded is not undone by what is heard later', () => {
    const late = { type: 'RecordSetupIntentFailure', code: 'card_declined', processorSetupIntentId, at } as const;
    given([requested, succeeded]).when(late).thenNothing();
    given([requested, succeeded])
      .when({ type: 'RecordSetupIntentCancellation', processorSetupIntentId, at })
      .thenNothing();
    given([requested, succeeded])
      .when({ type: 'RecordSetupIntentSuccess', processorSetupIntentId, methodKind: 'card', at })
      .thenNothing();
  });
  it('that failed or was canceled can still turn out to have succeeded', () => {
    const success = { type: 'RecordSetupIntentSuccess', processorSetupIntentId, methodKind: 'card', at } as const;
    given([requested, failed]).when(success).then([succeeded]);
    given([requested, { type: 'SetupIntentCanceled', processorSetupIntentId, at }])
      .when(success)
      .then([succeeded]);
  });
  it('is looked at once for each reason to', () => {
    const look = { lookupId: 'l1', processorSetupIntentId, reason: 'succeeded', at } as const;
    const asked: SetupIntentEvent = { type: 'SetupIntentLookupRequested', ...look };
    given([requested])
      .when({ type: 'RequestSetupIntentLookup', ...look })
      .then([asked]);
    given([requested, asked])
      .when({ type: 'RequestSetupIntentLookup', ...look })
      .thenNothing();
  });
  it('that nobody asked for has no facts', () => {
    given([]).when({ type: 'RecordSetupIntentCreated', processorSetupIntentId, at }).thenRefuses(SetupIntentNotFound);
  });
});
