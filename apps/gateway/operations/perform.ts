import type { FactContext, Folded, SettlementWanted } from '#command-handling/facts';
import { foldStream } from '#command-handling/facts';
import type { DomainEvent } from '#contracts';
import { derivedId } from '#contracts';
import { OutcomeUnknown, ProcessorUnavailable } from '#processor';

import type { Call, CallRequest, TakenCall } from '../calls/call.js';
import { keyChanged } from '../calls/call.js';
import { LineClosed } from '../line/line.js';
import { finishAction } from './action.js';
import { capturePayment } from './capture.js';
import { cancelPayment } from './cancel.js';
import { inspectConfirmation } from './confirmation.js';
import { registerCustomer } from './customer.js';
import { detachPaymentMethod } from './detach.js';
import { lookupConnectedAccount } from './lookup-connected-account.js';
import { lookupPayment } from './lookup-payment.js';
import { lookupPaymentMethod } from './lookup-payment-method.js';
import { lookupSetup } from './lookup-setup.js';
import { submitEvidence } from './evidence.js';
import type { Answer, Certainty, Desk, Findings, Operation } from './operation.js';
import { NotReady, StillUnknown } from './operation.js';
import { requestPayment } from './payment.js';
import { attachPaymentMethod } from './payment-method.js';
import { refundPayment } from './refund.js';
import { fetchSettlement } from './settlement.js';
import { requestSetup } from './setup.js';

/** Where a call stands on its way: the points at which a process can die. */
export type Step = 'taken' | 'answered' | 'recorded' | 'finished';

/** Called at each step. For tests, which let a process die there. */
export type OnStep = (step: Step, call: Call) => void | Promise<void>;

/**
 * How to go about a call: send it, or look because the processor has forgotten its idempotency key; or look first, because nobody says that
 * such a key holds under another API key, too.
 */
export type Manner = 'send' | 'look' | 'look_first';

/** Longer than the processor works on a call whose connection is lost. */
const restMs = 240_000;

export interface Performed {
  /** The outcome's name, for metrics. */
  kind: string;
  settlements?: readonly SettlementWanted[];
  /** Why a person should look at it. */
  warning?: string;
}

type Performer = (call: TakenCall, manner: Manner, desk: Desk, onStep: OnStep) => Promise<Performed>;

const performer =
  <R extends CallRequest, S, F, E extends DomainEvent>(operation: Operation<R, S, F, E>): Performer =>
  async (taken, manner, desk, onStep) => {
    const call = taken as TakenCall<R>;
    await onStep('taken', call);
    const isFresh = call.tries === 1 && call.seed !== undefined;
    let stream = isFresh ? undefined : await desk.streams.load(operation.aggregate, call);
    const ended = stream && operation.ended(call, stream.state);
    if (ended) return { kind: 'ended_already', settlements: ended.settlements };

    stream ??= call.seed
      ? foldStream(operation.aggregate, call.seed)
      : await desk.streams.load(operation.aggregate, call);
    const answer = await answered(operation, call, manner, desk, stream.state);
    await onStep('answered', call);
    // Once, however often the same kind of outcome of the same call comes by.
    const context = { ...call, commandId: derivedId(call.callId, answer.recordedAs ?? answer.kind) };
    const settlements = await recorded(operation, context, answer, desk, stream);
    await onStep('recorded', call);
    return { kind: answer.kind, settlements, warning: answer.warning };
  };

/** Records an answer, anew where the stream has moved, and gives what is left to fetch then. */
const recorded = async <R extends CallRequest, S, F, E extends DomainEvent>(
  { aggregate }: Operation<R, S, F, E>,
  context: FactContext,
  { facts, settlements, factsFor }: Answer<F, S>,
  { streams }: Desk,
  stream: Folded<S>,
): Promise<readonly SettlementWanted[] | undefined> => {
  let findings: Findings<F> = { facts, settlements };
  const factsOf = (state: S): readonly F[] => {
    if (factsFor && state !== stream.state) findings = factsFor(state);
    return findings.facts;
  };
  await streams.record(aggregate, context, factsOf, stream);
  return findings.settlements;
};

/** Sends, or looks. An answer from the processor's memory of a failure is no news, so there looking comes second. */
const answered = async <R extends CallRequest, S, F, E extends DomainEvent>(
  operation: Operation<R, S, F, E>,
  call: TakenCall<R>,
  manner: Manner,
  desk: Desk,
  state: S,
): Promise<Answer<F, S>> => {
  const look = async (certainty: Certainty, failure: Error): Promise<Answer<F, S>> => {
    const answer = await operation.look(call, desk, certainty, state);
    if (!answer || (answer.unsent && certainty !== 'certain')) throw failure;
    return answer;
  };
  if (manner === 'look') return look('certain', new StillUnknown());
  if (manner === 'look_first') {
    const found = await operation.look(call, desk, 'may_still_happen', state);
    if (found && !found.unsent) return found;
    if (!call.waitedForKey) throw new NotReady(keyChanged, restMs, restMs);
  }
  try {
    const answer = await operation.send(call, desk, state);
    if (!answer.unsent || !call.unknown) return answer;
  } catch (error) {
    if (!(error instanceof OutcomeUnknown) || !error.options.stored) throw error;
    return look('may_still_happen', error).catch((failure: unknown) => {
      // That looking failed is not what is wrong with the call: it was sent, and its outcome is unknown.
      throw isAboutProcessor(failure) ? error : failure;
    });
  }
  // What it takes to send it again is gone. It may have been executed before that.
  return look('may_still_happen', new StillUnknown());
};

const isAboutProcessor = (error: unknown): boolean =>
  [OutcomeUnknown, ProcessorUnavailable, LineClosed, NotReady].some((kind) => error instanceof kind);

const performers: Record<CallRequest['type'], Performer> = {
  CustomerCreated: performer(registerCustomer),
  PaymentMethodAttachRequested: performer(attachPaymentMethod),
  PaymentMethodDetachRequested: performer(detachPaymentMethod),
  SetupIntentRequested: performer(requestSetup),
  ConfirmationTokenPresented: performer(inspectConfirmation),
  PaymentRequested: performer(requestPayment),
  PaymentActionFinished: performer(finishAction),
  CaptureRequested: performer(capturePayment),
  CancelRequested: performer(cancelPayment),
  RefundRequested: performer(refundPayment),
  DisputeEvidenceRequested: performer(submitEvidence),
  SettlementWanted: performer(fetchSettlement),
  PaymentLookupRequested: performer(lookupPayment),
  PaymentMethodLookupRequested: performer(lookupPaymentMethod),
  SetupIntentLookupRequested: performer(lookupSetup),
  ConnectedAccountLinked: performer(lookupConnectedAccount),
  ConnectedAccountLookupRequested: performer(lookupConnectedAccount),
};

/** Brings a call to its end: to the processor, and its answer into the log. Safe to repeat from any step on. */
export const perform: Performer = (call, manner, desk, onStep) =>
  performers[call.request.type](call, manner, desk, onStep);
