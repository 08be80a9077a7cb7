import { changed, further, joinInto } from '../join.js';
import type { ConfirmationTokenInspected, ConfirmationTokenPresented, ConfirmationTokenRefused } from './events.js';
import { presentationRank, type Payment, type Presentation, type PresentationStage } from './state.js';

/** What became of the confirmation tokens that the payer has presented. */

const join = (a: Presentation, b: Presentation): Presentation =>
  changed(a, {
    stage: further<PresentationStage>(presentationRank, a.stage, b.stage),
    at: b.at > a.at ? b.at : a.at,
    methodKinds: a.methodKinds ?? b.methodKinds,
  });

const withPresentation = (payment: Payment, presentation: Presentation): Payment =>
  changed(payment, {
    presentations: joinInto(payment.presentations ?? {}, presentation.confirmationId, presentation, join),
  });

export const presented = (payment: Payment, { confirmationId, methodKinds, at }: ConfirmationTokenPresented): Payment =>
  withPresentation(payment, { confirmationId, stage: { phase: 'presented' }, at, methodKinds });

export const inspected = (
  payment: Payment,
  { confirmationId, methodKind, fingerprint }: ConfirmationTokenInspected,
): Payment =>
  withPresentation(payment, { confirmationId, stage: { phase: 'inspected', methodKind, fingerprint }, at: '' });

export const refused = (payment: Payment, { confirmationId, code }: ConfirmationTokenRefused): Payment =>
  withPresentation(payment, { confirmationId, stage: { phase: 'refused', code }, at: '' });
