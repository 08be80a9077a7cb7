import type { DomainEvent } from '#contracts';
import { streamIdOf } from '#contracts';
import type { CheckoutSession, CheckoutSessionEvent } from '#domain/checkout-session';
import { evolveCheckoutSession, initialCheckoutSession } from '#domain/checkout-session';
import type { ConnectedAccount, ConnectedAccountEvent } from '#domain/connected-account';
import { evolveConnectedAccount, initialConnectedAccount } from '#domain/connected-account';
import type { Customer, CustomerEvent } from '#domain/customer';
import { evolveCustomer, initialCustomer } from '#domain/customer';
import type { PaymentEvent } from '#domain/payment';
import type { PaymentMethod, PaymentMethodEvent } from '#domain/payment-method';
import { evolvePaymentMethod, initialPaymentMethod } from '#domain/payment-method';
import type { SetupIntent, SetupIntentEvent } from '#domain/setup-intent';
import { evolveSetupIntent, initialSetupIntent } from '#domain/setup-intent';
import type { Tenant, TenantEvent } from '#domain/tenant';
import { evolveTenant, initialTenant } from '#domain/tenant';
import type { DisputedPayment } from '#projections/disputes';
import { evolveDisputedPayment, initialDisputedPayment } from '#projections/disputes';
import type { ShownPayment } from '#projections/payments';
import { evolveShownPayment, initialShownPayment } from '#projections/payments';

/** How an aggregate's stream is named and folded. */
export interface Aggregate<S, E extends DomainEvent> {
  streamOf: (id: string) => string;
  initial: S;
  evolve: (state: S, event: E) => S;
}

export const customers: Aggregate<Customer, CustomerEvent> = {
  streamOf: (id) => streamIdOf('customer', id),
  initial: initialCustomer,
  evolve: evolveCustomer,
};

/** Folded as it is shown, so that the answer to a command and a later query are the same. */
export const payments: Aggregate<ShownPayment, PaymentEvent> = {
  streamOf: (id) => streamIdOf('payment', id),
  initial: initialShownPayment,
  evolve: evolveShownPayment,
};

/** The same streams, folded for what is shown of their disputes. */
export const disputedPayments: Aggregate<DisputedPayment, PaymentEvent> = {
  streamOf: (id) => streamIdOf('payment', id),
  initial: initialDisputedPayment,
  evolve: evolveDisputedPayment,
};

export const paymentMethods: Aggregate<PaymentMethod, PaymentMethodEvent> = {
  streamOf: (id) => streamIdOf('payment_method', id),
  initial: initialPaymentMethod,
  evolve: evolvePaymentMethod,
};

export const setupIntents: Aggregate<SetupIntent, SetupIntentEvent> = {
  streamOf: (id) => streamIdOf('setup_intent', id),
  initial: initialSetupIntent,
  evolve: evolveSetupIntent,
};

export const connectedAccounts: Aggregate<ConnectedAccount, ConnectedAccountEvent> = {
  streamOf: (id) => streamIdOf('connected_account', id),
  initial: initialConnectedAccount,
  evolve: evolveConnectedAccount,
};

export const checkoutSessions: Aggregate<CheckoutSession, CheckoutSessionEvent> = {
  streamOf: (id) => streamIdOf('checkout_session', id),
  initial: initialCheckoutSession,
  evolve: evolveCheckoutSession,
};

export const tenants: Aggregate<Tenant, TenantEvent> = {
  streamOf: (id) => streamIdOf('tenant', id),
  initial: initialTenant,
  evolve: evolveTenant,
};
