import type { Aggregate, EventType } from '#contracts';
import { streamIdOf } from '#contracts';
import type { AccessEvent } from '#domain/access';
import type { AuditKeyEvent } from '#domain/audit-key';
import type { CheckoutSessionEvent } from '#domain/checkout-session';
import type { ConnectedAccountEvent } from '#domain/connected-account';
import type { CustomerEvent } from '#domain/customer';
import type { PaymentMethodEvent } from '#domain/payment-method';
import type { PaymentEvent } from '#domain/payment';
import type { PayoutEvent } from '#domain/payout';
import type { SetupIntentEvent } from '#domain/setup-intent';
import type { TenantEvent } from '#domain/tenant';

interface EventsOf {
  customer: CustomerEvent;
  payment_method: PaymentMethodEvent;
  setup_intent: SetupIntentEvent;
  payment: PaymentEvent;
  payout: PayoutEvent;
  connected_account: ConnectedAccountEvent;
  checkout_session: CheckoutSessionEvent;
  tenant: TenantEvent;
  access: AccessEvent;
  audit_key: AuditKeyEvent;
}

/** The events of each aggregate's streams. Where the domain says otherwise, of a type more or less, this does not compile. */
const events: { [A in Aggregate]: Record<EventsOf[A]['type'], true> } = {
  customer: {
    CustomerCreated: true,
    CustomerRegistered: true,
    CustomerRegistrationFailed: true,
    CustomerDeletedAtProcessor: true,
    FinancialAccountReported: true,
    CustomerDefaultPaymentMethodSet: true,
    CustomerDefaultPaymentMethodCleared: true,
    DriftDetected: true,
  },
  payment_method: {
    PaymentMethodAttachRequested: true,
    PaymentMethodAttached: true,
    PaymentMethodAttachFailed: true,
    PaymentMethodDetachRequested: true,
    PaymentMethodDetached: true,
    PaymentMethodDetachFailed: true,
    PaymentMethodUpdated: true,
    PaymentMethodLookupRequested: true,
    MandateReported: true,
    PaymentMethodExpiring: true,
  },
  setup_intent: {
    SetupIntentRequested: true,
    SetupIntentCreated: true,
    SetupIntentActionRequired: true,
    SetupIntentProcessing: true,
    SetupIntentSucceeded: true,
    SetupIntentFailed: true,
    SetupIntentCanceled: true,
    SetupIntentLookupRequested: true,
  },
  payment: {
    PaymentCreated: true,
    ConfirmationTokenPresented: true,
    ConfirmationTokenInspected: true,
    ConfirmationTokenRefused: true,
    PaymentRequested: true,
    PaymentActionRequired: true,
    PaymentActionFinished: true,
    PaymentActionStillRequired: true,
    PaymentProcessing: true,
    PaymentAuthorized: true,
    PaymentCaptured: true,
    PaymentFailed: true,
    CaptureRequested: true,
    CaptureFailed: true,
    AuthorizationReleased: true,
    CancelRequested: true,
    CancelFailed: true,
    PaymentCanceled: true,
    RefundRequested: true,
    RefundPending: true,
    RefundSucceeded: true,
    RefundFailed: true,
    DisputeReported: true,
    DisputeOpened: true,
    DisputeFundsMoved: true,
    DisputeClosed: true,
    DisputeEvidenceRequested: true,
    DisputeEvidenceSubmitted: true,
    DisputeEvidenceFailed: true,
    ProcessorReviewReported: true,
    FraudWarningReceived: true,
    PaymentLookupRequested: true,
    SettlementRecorded: true,
    DriftDetected: true,
  },
  payout: { PayoutReported: true, PayoutPaid: true, PayoutFailed: true, DriftDetected: true },
  connected_account: {
    ConnectedAccountLinked: true,
    ConnectedAccountReported: true,
    ConnectedAccountLookupRequested: true,
  },
  checkout_session: { CheckoutSessionCreated: true, CheckoutSessionSetupStarted: true, CheckoutSessionExpired: true },
  tenant: { TenantAdded: true, TenantSuspended: true, TenantReinstated: true },
  access: { AccessDenied: true, PrivilegedAccessGranted: true },
  audit_key: { AuditKeyIntroduced: true, AuditKeyRetired: true },
};

/** The words that stream ids begin with, sorted. */
export const aggregates = (Object.keys(events) as Aggregate[]).sort();

/** The aggregates whose streams may hold an event of this type, sorted; none for a type that is none. */
export const aggregatesOf = (type: string): Aggregate[] =>
  aggregates.filter((aggregate) => Object.hasOwn(events[aggregate], type as EventType));

/** A stream that may hold an event of this type. */
export const streamFor = (type: string, id: string): string => streamIdOf(aggregatesOf(type)[0] ?? 'payment', id);
