import type { EventType } from '#contracts';

/** What each event tells those who did not write this service: what has happened by then, and what follows. */
export const eventDescriptions: Readonly<Record<EventType, string>> = {
  CustomerCreated: 'A customer was created. What is personal about it is sealed and reads as nothing to others.',
  CustomerRegistered: 'The processor has the customer.',
  CustomerRegistrationFailed: 'The processor refused the customer: it can be given no payment method.',

  CustomerDeletedAtProcessor: 'The customer was deleted at the processor: it can be charged no more under that id.',
  CustomerDefaultPaymentMethodSet: 'The payment method that the customer is offered first.',
  CustomerDefaultPaymentMethodCleared: 'The default payment method was taken from the customer: there is none now.',
  FinancialAccountReported: 'The customer has connected a bank account, or the connection has ended.',

  PaymentMethodAttachRequested:
    "A payment method was asked for by the processor's token; the processor has not answered.",
  PaymentMethodAttached: 'The payment method belongs to its customer and can be charged.',
  PaymentMethodAttachFailed: 'The processor refused the payment method.',
  PaymentMethodDetachRequested:
    'The payment method is to be taken from its customer and can be charged no more; the processor has not answered.',
  PaymentMethodDetachFailed:
    'The processor refused to take the payment method from its customer: it can be charged as before.',
  PaymentMethodDetached: 'The payment method was taken from its customer and can be charged no more.',
  PaymentMethodUpdated: 'The bank has issued the card anew, for instance with another expiry.',
  PaymentMethodLookupRequested: 'Something was heard of the payment method; this service looks how it stands.',
  MandateReported: "How the payer's permission for bank debits stands.",
  PaymentMethodExpiring: 'The card ends within thirty days, or has ended. Once for each date.',

  SetupIntentRequested: 'A payment method is to be set up without a charge; the processor has not answered.',
  SetupIntentCreated: 'The processor has the setup and waits for the payer to give a payment method.',
  SetupIntentActionRequired: 'The payer has to do something, such as 3-D Secure, before the setup goes on.',
  SetupIntentProcessing: 'The processor is at it and will tell how it ends.',
  SetupIntentSucceeded:
    'The payment method belongs to the customer. `paymentMethodId` of SetupIntentRequested names it; its own events tell of it from here on.',
  SetupIntentFailed:
    'An attempt at the setup was refused. The payer can try another payment method, where the processor has made it.',
  SetupIntentCanceled: 'The setup was canceled; nobody can complete it any more.',
  SetupIntentLookupRequested: 'Something was heard of the setup; this service looks how it stands.',

  PaymentCreated: 'A payment was created. Nothing is charged until PaymentRequested.',
  ConfirmationTokenPresented:
    "The payer has put a payment method into the processor's form; this service looks what it is before anything is charged.",
  ConfirmationTokenInspected: 'What the payer has presented, by its kind and a digest. The attempt follows.',
  ConfirmationTokenRefused: 'Nothing is charged with what the payer has presented. Another can be presented.',
  PaymentRequested: 'One attempt to charge was asked for; the processor has not answered. Attempts count from 1.',
  PaymentActionRequired: 'The payer has to do something, such as 3-D Secure, before the attempt goes on.',
  PaymentActionFinished:
    "The payer's browser says that the payer has done it; this service looks, and has the processor go on where it is so.",
  PaymentActionStillRequired: 'The processor still waits for the payer: it was not so, or there is more to do.',
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
  DisputeReported:
    'How a dispute stands at the processor. It moves no money; an inquiry, which may become a dispute, is only reported.',
  DisputeOpened: 'The payer disputes the charge; the amount is held back.',
  DisputeFundsMoved:
    'The processor took the money of a dispute or gave it back, even after the dispute was decided; `becomes` says what the books hold from then on.',
  DisputeClosed: 'A dispute was decided.',
  DisputeEvidenceRequested: 'Evidence was given for a dispute; the processor has not answered.',
  DisputeEvidenceSubmitted: 'The processor has the evidence; with `submit`, so has the bank.',
  DisputeEvidenceFailed: 'The processor refused the evidence.',
  ProcessorReviewReported: 'The processor has put the payment under review, or the review has ended.',
  FraudWarningReceived: "The card's network suspects fraud: a dispute may follow.",
  PaymentLookupRequested: 'Something was heard of the payment; this service looks how it stands.',
  SettlementRecorded:
    "The processor's books have the charge, refund or disputed money: fee, net amount and the day it is available.",

  PayoutReported: 'A payout of a connected account is on its way to the bank.',
  PayoutPaid: 'A payout has arrived. It can still fail later: see PayoutFailed.',
  PayoutFailed: 'A payout failed or was canceled, even after it was paid; `reverses` says what to take back.',

  ConnectedAccountLinked: 'An account at the processor was linked to the tenant.',
  ConnectedAccountReported: 'How a connected account stands: what it may do, and what the processor still wants.',
  ConnectedAccountLookupRequested: 'Something has changed about a connected account; this service looks how it stands.',

  CheckoutSessionCreated: 'A page was made on which one payer pays, or saves a payment method.',
  CheckoutSessionSetupStarted: 'The payer has presented a payment method to save. `setupIntentId` names the setup.',
  CheckoutSessionExpired: 'The page was closed before its time.',

  TenantAdded: 'There is room for the tenant: it may be named from here on.',
  TenantSuspended: 'From here on the tenant reads but cannot write. What it asked for before is carried out.',
  TenantReinstated: 'The tenant may write again.',

  AccessDenied: 'Somebody was turned away. What repeats within a minute is told once, with a count.',
  PrivilegedAccessGranted:
    'Somebody was let do what takes a privilege. It is told before it is done; what came of it, other events tell.',

  AuditKeyIntroduced: 'From here on this key signs the audit log as well.',
  AuditKeyRetired: 'From here on this key signs the audit log no more; what it signed stays good.',

  DriftDetected:
    'The processor reported a fact that contradicts what was recorded. It follows that fact, for people to look at.',
};
