import type { EventType } from '#contracts';

/** What each event tells those who did not write this service: what has happened by then, and what follows. */
export const eventDescriptions: Readonly<Record<EventType, string>> = {
  CustomerCreated: 'A customer was created. What is personal about it is sealed and reads as nothing to others.',
  CustomerRegistered: 'The processor has the customer.',
  CustomerRegistrationFailed: 'The processor refused the customer: it can be given no payment method.',

  PaymentMethodAttachRequested:
    "A payment method was asked for by the processor's token; the processor has not answered.",
  PaymentMethodAttached: 'The payment method belongs to its customer and can be charged.',
  PaymentMethodAttachFailed: 'The processor refused the payment method.',

  PaymentCreated: 'A payment was created. Nothing is charged until PaymentRequested.',
  PaymentRequested: 'One attempt to charge was asked for; the processor has not answered. Attempts count from 1.',
  PaymentActionRequired: 'The payer has to do something, such as 3-D Secure, before the attempt goes on.',
  PaymentProcessing: 'The processor has accepted the attempt and will know the result in days (bank debits).',
  PaymentAuthorized: 'The amount is held on the card, and is taken by a capture.',
  PaymentCaptured: 'Money was taken. A payment can have several captures: add them up.',
  PaymentFailed: 'The attempt failed. The payment can be confirmed again, which opens the next attempt.',
  CaptureRequested: 'A capture was asked for; the processor has not answered.',
  CaptureFailed: 'The processor refused a capture. What was authorized stays so.',
  AuthorizationReleased: 'What a final capture left of the authorization went back to the payer.',
  CancelRequested: 'A cancellation was asked for; the processor has not answered.',
  CancelFailed: 'The processor refused a cancellation.',
  PaymentCanceled: 'The payment was canceled; nothing was taken by this attempt.',
  RefundRequested: 'A refund was asked for; the processor has not answered.',
  RefundPending: 'The processor has accepted a refund and is returning the money.',
  RefundSucceeded: 'A refund was paid. It can still fail later: see RefundFailed.',
  RefundFailed: 'A refund failed, even after it had succeeded; `reverses` says what to take back.',
  DisputeOpened: 'The payer disputes the charge; the amount is held back.',
  DisputeClosed: 'A dispute was decided.',
  SettlementRecorded: "The processor's books have the charge or refund: fee, net amount and the day it is available.",
  DriftDetected:
    'The processor reported a fact that contradicts what was recorded. It follows that fact, for people to look at.',
};
