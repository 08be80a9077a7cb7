import type { DomainEvent } from '#contracts';
import { OutcomeUnknown, ProcessorUnavailable } from '#processor';

import type { Call, CallRequest, SettlementWanted, TakenCall } from '../calls/call.js';
import { LineClosed } from '../line/line.js';
import { capturePayment } from './capture.js';
import { cancelPayment } from './cancel.js';
import { registerCustomer } from './customer.js';
import type { Answer, Certainty, Desk, Operation } from './operation.js';
import { NotReady } from './operation.js';
import { requestPayment } from './payment.js';
import { attachPaymentMethod } from './payment-method.js';
import { refundPayment } from './refund.js';
import { fetchSettlement } from './settlement.js';

/** Where a call stands on its way: the points at which a process can die. */
export type Step = 'taken' | 'answered' | 'recorded' | 'finished';

/** Called at each step. For tests, which let a process die there. */
export type OnStep = (step: Step, call: Call) => void | Promise<void>;

/** How to go about a call: send it, or look because the processor has forgotten its key. */
export type Manner = 'send' | 'look';

export interface Performed {
  /** The outcome's name, for metrics. */
  kind: string;
  settlement?: SettlementWanted;
}

/** Nobody can tell yet what became of the call. */
export class StillUnknown extends Error {
  constructor() {
    super('the processor could not tell what became of the call');
  }
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
    if (ended) return { kind: 'ended_already', settlement: ended.settlement };

    stream ??= await desk.streams.loadOf(operation.aggregate, call);
    const answer = await answered(operation, call, manner, desk, stream.state);
    await onStep('answered', call);
    await desk.streams.record(operation.aggregate, call, answer, stream);
    await onStep('recorded', call);
    return { kind: answer.kind, settlement: answer.settlement };
  };

/** Sends, or looks. An answer from the processor's memory of a failure is no news, so there looking comes second. */
const answered = async <R extends CallRequest, S, F, E extends DomainEvent>(
  operation: Operation<R, S, F, E>,
  call: TakenCall<R>,
  manner: Manner,
  desk: Desk,
  state: S,
): Promise<Answer<F>> => {
  const look = async (certainty: Certainty, failure: Error): Promise<Answer<F>> => {
    const answer = await operation.look(call, desk, certainty, state);
    if (!answer) throw failure;
    return answer;
  };
  if (manner === 'look') return look('certain', new StillUnknown());
  try {
    return await operation.send(call, desk, state);
  } catch (error) {
    if (!(error instanceof OutcomeUnknown) || !error.options.stored) throw error;
    return look('may_still_happen', error).catch((failure: unknown) => {
      // That looking failed is not what is wrong with the call: it was sent, and its outcome is unknown.
      throw isAboutProcessor(failure) ? error : failure;
    });
  }
};

const isAboutProcessor = (error: unknown): boolean =>
  [OutcomeUnknown, ProcessorUnavailable, LineClosed, NotReady].some((kind) => error instanceof kind);

const performers: Record<CallRequest['type'], Performer> = {
  CustomerCreated: performer(registerCustomer),
  PaymentMethodAttachRequested: performer(attachPaymentMethod),
  PaymentRequested: performer(requestPayment),
  CaptureRequested: performer(capturePayment),
  CancelRequested: performer(cancelPayment),
  RefundRequested: performer(refundPayment),
  SettlementWanted: performer(fetchSettlement),
};

/** Brings a call to its end: to the processor, and its answer into the log. Safe to repeat from any step on. */
export const perform: Performer = (call, manner, desk, onStep) =>
  performers[call.request.type](call, manner, desk, onStep);
