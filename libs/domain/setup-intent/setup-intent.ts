import { changed, further, joinInto, known } from '../join.js';
import type { PaymentMethodKind } from '../payment-method/index.js';
import { Refusal } from '../refusal.js';
import type { CreateSetupIntent, SetupIntentCommand, SetupIntentFact } from './commands.js';
import type { SetupIntentEvent, SetupUsage } from './events.js';

export type SetupStage =
  | { phase: 'requested' }
  | { phase: 'created' }
  | { phase: 'action_required'; action: string }
  | { phase: 'processing' }
  | { phase: 'failed'; code: string; declineCode?: string }
  | { phase: 'canceled' }
  | { phase: 'succeeded'; methodKind: PaymentMethodKind; mandate?: string };

/** A payment method on its way to a customer, without a charge. */
export interface SetupIntent {
  /** Empty until it is requested. */
  setupIntentId: string;
  customerId: string;
  /** Names a payment method once it has succeeded. */
  paymentMethodId: string;
  methodKinds: readonly PaymentMethodKind[];
  usage: SetupUsage;
  stage: SetupStage;
  createdAt: string;
  /** This and what follows is absent until it is heard of. */
  confirmationId?: string;
  checkoutSessionId?: string;
  processorSetupIntentId?: string;
  /** Looks that were asked of the gateway, by lookupId. */
  lookups?: Readonly<Record<string, true>>;
}

/** `canceled`: nobody can complete it any more. */
export type SetupIntentStatus = 'requires_payment_method' | 'requires_action' | 'processing' | 'succeeded' | 'canceled';

export const initialSetupIntent: SetupIntent = {
  setupIntentId: '',
  customerId: '',
  paymentMethodId: '',
  methodKinds: [],
  usage: 'off_session',
  stage: { phase: 'requested' },
  createdAt: '',
};

export class SetupIntentNotFound extends Refusal {
  constructor() {
    super('setup_intent_not_found', 'not_found', 'there is no such setup intent; create one', {
      field: 'setupIntentId',
    });
  }
}

/**
 * How far on each stage is. A failed attempt outranks what led to it: a payer may try again, and is shown that failure until they
 * have succeeded, for looks carry no order of their own. What has succeeded is the customer's, whatever is heard later.
 */
const rank = { requested: 0, created: 1, action_required: 2, processing: 3, failed: 4, canceled: 5, succeeded: 6 };

const withStage = (intent: SetupIntent, stage: SetupStage, processorSetupIntentId: string | undefined): SetupIntent =>
  changed(intent, {
    stage: further<SetupStage>(rank, intent.stage, stage),
    ...(processorSetupIntentId !== undefined && {
      processorSetupIntentId: known(intent.processorSetupIntentId, processorSetupIntentId),
    }),
  });

const requested = (intent: SetupIntent, event: Extract<SetupIntentEvent, { type: 'SetupIntentRequested' }>) => {
  const { setupIntentId, customerId, paymentMethodId, methodKinds, usage, confirmationId, checkoutSessionId } = event;
  const terms = { setupIntentId, customerId, paymentMethodId, methodKinds, usage, createdAt: event.at };
  return {
    ...intent,
    ...terms,
    ...(confirmationId !== undefined && { confirmationId }),
    ...(checkoutSessionId !== undefined && { checkoutSessionId }),
  };
};

/** Folds one event into the setup. Facts may come in any order and any number of times. */
export const evolveSetupIntent = (intent: SetupIntent, event: SetupIntentEvent): SetupIntent => {
  switch (event.type) {
    case 'SetupIntentRequested':
      return requested(intent, event);
    case 'SetupIntentCreated':
      return withStage(intent, { phase: 'created' }, event.processorSetupIntentId);
    case 'SetupIntentActionRequired':
      return withStage(intent, { phase: 'action_required', action: event.action }, event.processorSetupIntentId);
    case 'SetupIntentProcessing':
      return withStage(intent, { phase: 'processing' }, event.processorSetupIntentId);
    case 'SetupIntentSucceeded': {
      const { methodKind, mandate } = event;
      return withStage(intent, { phase: 'succeeded', methodKind, mandate }, event.processorSetupIntentId);
    }
    case 'SetupIntentFailed': {
      const { code, declineCode } = event;
      return withStage(intent, { phase: 'failed', code, declineCode }, event.processorSetupIntentId);
    }
    case 'SetupIntentCanceled':
      return withStage(intent, { phase: 'canceled' }, event.processorSetupIntentId);
    case 'SetupIntentLookupRequested':
      return changed(intent, { lookups: joinInto(intent.lookups ?? {}, event.lookupId, true as const, (a) => a) });
  }
};

export const foldSetupIntent = (events: Iterable<SetupIntentEvent>): SetupIntent => {
  let intent = initialSetupIntent;
  for (const event of events) intent = evolveSetupIntent(intent, event);
  return intent;
};

/** How it stands, in the outside's words. */
export const setupIntentStatusOf = ({
  stage,
  processorSetupIntentId,
  confirmationId,
  checkoutSessionId,
}: SetupIntent): SetupIntentStatus => {
  switch (stage.phase) {
    case 'requested':
      // With the payer's choice in hand the next word is the processor's.
      return confirmationId === undefined ? 'requires_payment_method' : 'processing';
    case 'created':
      return 'requires_payment_method';
    case 'failed':
      // That of a checkout page is canceled at the processor before its failure is told: the next attempt is another setup.
      return processorSetupIntentId === undefined || checkoutSessionId !== undefined
        ? 'canceled'
        : 'requires_payment_method';
    case 'action_required':
      return 'requires_action';
    default:
      return stage.phase;
  }
};

/** Asks for the setup. The id derives from the command, so one that exists is this one: a repeat. */
export const createSetupIntent = (command: CreateSetupIntent, intent: SetupIntent): SetupIntentEvent[] => {
  if (intent.setupIntentId !== '') return [];
  // Named one by one: whatever else the caller passes stays out of the log.
  const { setupIntentId, customerId, paymentMethodId, methodKinds, usage, confirmationId, checkoutSessionId, at } =
    command;
  const terms = { setupIntentId, customerId, paymentMethodId, methodKinds, usage };
  const page = checkoutSessionId === undefined ? {} : { checkoutSessionId };
  return [
    { type: 'SetupIntentRequested', ...terms, ...(confirmationId !== undefined && { confirmationId }), ...page, at },
  ];
};

const factEvent = (fact: SetupIntentFact): SetupIntentEvent => {
  switch (fact.type) {
    case 'RecordSetupIntentCreated':
      return { ...fact, type: 'SetupIntentCreated' };
    case 'RecordSetupIntentAction':
      return { ...fact, type: 'SetupIntentActionRequired' };
    case 'RecordSetupIntentProcessing':
      return { ...fact, type: 'SetupIntentProcessing' };
    case 'RecordSetupIntentSuccess':
      return { ...fact, type: 'SetupIntentSucceeded' };
    case 'RecordSetupIntentFailure':
      return { ...fact, type: 'SetupIntentFailed' };
    case 'RecordSetupIntentCancellation':
      return { ...fact, type: 'SetupIntentCanceled' };
    case 'RequestSetupIntentLookup':
      return { ...fact, type: 'SetupIntentLookupRequested' };
  }
};

/** Records a fact, once: what adds nothing gives []. Throws SetupIntentNotFound for a setup that nobody asked for. */
const record = (intent: SetupIntent, event: SetupIntentEvent): SetupIntentEvent[] => {
  if (intent.setupIntentId === '') throw new SetupIntentNotFound();
  return evolveSetupIntent(intent, event) === intent ? [] : [event];
};

/** Decides any command of the setup. Throws SetupIntentNotFound for a fact about one that nobody asked for. */
export const decideSetupIntent = (command: SetupIntentCommand, intent: SetupIntent): SetupIntentEvent[] =>
  command.type === 'CreateSetupIntent' ? createSetupIntent(command, intent) : record(intent, factEvent(command));
