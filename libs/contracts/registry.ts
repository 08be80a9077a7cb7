/**
 * Every event type, its current schema version, and whether a caller who waits may be answered with it (*resting*: the
 * processor has spoken, or nothing needs to be asked of it). Names and versions are a storage format: add, never rename.
 */
export const eventTypes = {
  CustomerCreated: { version: 1, resting: true },
  CustomerRegistered: { version: 1, resting: true },
  CustomerRegistrationFailed: { version: 1, resting: true },
  CustomerDeletedAtProcessor: { version: 1, resting: false },
  FinancialAccountReported: { version: 1, resting: false },
  CustomerDefaultPaymentMethodSet: { version: 1, resting: true },
  CustomerDefaultPaymentMethodCleared: { version: 1, resting: false },

  PaymentMethodAttachRequested: { version: 1, resting: false },
  PaymentMethodAttached: { version: 1, resting: true },
  PaymentMethodAttachFailed: { version: 1, resting: true },
  PaymentMethodDetachRequested: { version: 1, resting: false },
  PaymentMethodDetached: { version: 1, resting: true },
  PaymentMethodDetachFailed: { version: 1, resting: true },
  PaymentMethodUpdated: { version: 1, resting: false },
  PaymentMethodLookupRequested: { version: 1, resting: false },
  MandateReported: { version: 1, resting: false },
  PaymentMethodExpiring: { version: 1, resting: false },

  SetupIntentRequested: { version: 1, resting: false },
  SetupIntentCreated: { version: 1, resting: true },
  SetupIntentActionRequired: { version: 1, resting: true },
  SetupIntentProcessing: { version: 1, resting: true },
  SetupIntentSucceeded: { version: 1, resting: true },
  SetupIntentFailed: { version: 1, resting: true },
  SetupIntentCanceled: { version: 1, resting: true },
  SetupIntentLookupRequested: { version: 1, resting: false },

  PaymentCreated: { version: 1, resting: true },
  ConfirmationTokenPresented: { version: 1, resting: false },
  ConfirmationTokenInspected: { version: 1, resting: false },
  ConfirmationTokenRefused: { version: 1, resting: true },
  PaymentRequested: { version: 1, resting: false },
  PaymentActionRequired: { version: 1, resting: true },
  PaymentActionFinished: { version: 1, resting: false },
  PaymentActionStillRequired: { version: 1, resting: true },
  PaymentProcessing: { version: 1, resting: true },
  PaymentAuthorized: { version: 1, resting: true },
  PaymentCaptured: { version: 1, resting: true },
  PaymentFailed: { version: 1, resting: true },
  CaptureRequested: { version: 1, resting: false },
  CaptureFailed: { version: 1, resting: true },
  AuthorizationReleased: { version: 1, resting: false },
  CancelRequested: { version: 1, resting: false },
  CancelFailed: { version: 1, resting: true },
  PaymentCanceled: { version: 1, resting: true },
  RefundRequested: { version: 1, resting: false },
  RefundPending: { version: 1, resting: true },
  RefundSucceeded: { version: 1, resting: true },
  RefundFailed: { version: 1, resting: true },
  DisputeReported: { version: 1, resting: false },
  DisputeOpened: { version: 1, resting: false },
  DisputeFundsMoved: { version: 1, resting: false },
  DisputeClosed: { version: 1, resting: false },
  DisputeEvidenceRequested: { version: 1, resting: false },
  DisputeEvidenceSubmitted: { version: 1, resting: true },
  DisputeEvidenceFailed: { version: 1, resting: true },
  ProcessorReviewReported: { version: 1, resting: false },
  FraudWarningReceived: { version: 1, resting: false },
  PaymentLookupRequested: { version: 1, resting: false },
  SettlementRecorded: { version: 1, resting: false },

  PayoutReported: { version: 1, resting: true },
  PayoutPaid: { version: 1, resting: true },
  PayoutFailed: { version: 1, resting: true },

  ConnectedAccountLinked: { version: 1, resting: true },
  ConnectedAccountReported: { version: 1, resting: false },
  ConnectedAccountLookupRequested: { version: 1, resting: false },

  CheckoutSessionCreated: { version: 1, resting: true },
  CheckoutSessionSetupStarted: { version: 1, resting: true },
  CheckoutSessionExpired: { version: 1, resting: true },

  TenantAdded: { version: 1, resting: true },
  TenantSuspended: { version: 1, resting: true },
  TenantReinstated: { version: 1, resting: true },

  AccessDenied: { version: 1, resting: false },
  PrivilegedAccessGranted: { version: 1, resting: false },

  AuditKeyIntroduced: { version: 1, resting: true },
  AuditKeyRetired: { version: 1, resting: true },

  DriftDetected: { version: 1, resting: false },
} as const satisfies Record<string, { version: number; resting: boolean }>;

export type EventType = keyof typeof eventTypes;

/** Whether `type` is a known event type of this release. */
export const isEventType = (type: string): type is EventType => Object.hasOwn(eventTypes, type);

/** Whether a waiting caller may be answered once an event of this type, caused by its command, is in the stream. */
export const isResting = (type: string): boolean => isEventType(type) && eventTypes[type].resting;
