import { changed, further, joinInto } from '../join.js';
import type { PaymentActionFinished, PaymentActionStillRequired } from './events.js';
import { actionRank, type Payment, type PayerAction } from './state.js';

/** What payers' browsers have said of the actions that the processor asked for. */

const join = (a: PayerAction, b: PayerAction): PayerAction =>
  changed(a, { stage: further(actionRank, a.stage, b.stage) });

const withAction = (payment: Payment, action: PayerAction): Payment =>
  changed(payment, { actions: joinInto(payment.actions ?? {}, action.actionId, action, join) });

export const finished = (payment: Payment, { actionId, attempt }: PaymentActionFinished): Payment =>
  withAction(payment, { actionId, attempt, stage: { phase: 'finished' } });

export const stillRequired = (payment: Payment, { actionId, attempt }: PaymentActionStillRequired): Payment =>
  withAction(payment, { actionId, attempt, stage: { phase: 'still_required' } });
